"""The audit trail, for administrators: newest first, searched by words, action and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from sereno.database.base import LARGEST_NUMBER
from sereno.guard import audit
from sereno.guard.model import AuditEntry, Role
from sereno.web.auth import require
from sereno.web.here import transact
from sereno.web.i18n import N_

blueprint = Blueprint("audit", __name__)

ACTIONS = {
    "session.begin": N_("Signed in"),
    "session.refused": N_("Sign-in refused"),
    "session.end": N_("Session ended"),
    "session.end-others": N_("Other sessions ended"),
    "user.add": N_("Account added"),
    "user.edit": N_("Account changed"),
    "user.disable": N_("Account disabled"),
    "user.enable": N_("Account enabled"),
    "user.delete": N_("Account deleted"),
    "user.reset-password": N_("Password reset"),
    "user.change-password": N_("Password changed"),
    "token.add": N_("Token made"),
    "token.revoke": N_("Token revoked"),
    "audit.export": N_("Audit trail exported"),
    "backup.ask": N_("Backup asked for"),
    "probe.add": N_("Probe added"),
    "probe.change": N_("Probe changed"),
    "probe.remove": N_("Probe removed"),
    "incident.open": N_("Incident opened"),
    "incident.acknowledge": N_("Incident acknowledged"),
    "incident.assign": N_("Incident given to somebody"),
    "incident.comment": N_("Incident commented on"),
    "incident.publish": N_("Incident's update published"),
    "incident.resolve": N_("Incident resolved"),
    "incident.reopen": N_("Incident reopened"),
    "maintenance.add": N_("Maintenance planned"),
    "maintenance.change": N_("Maintenance changed"),
    "maintenance.end": N_("Maintenance ended"),
    "maintenance.cancel": N_("Maintenance cancelled"),
    "heartbeat.declare": N_("Heartbeat declared"),
    "heartbeat.pause": N_("Heartbeat paused"),
    "heartbeat.resume": N_("Heartbeat resumed"),
    "heartbeat.remove": N_("Heartbeat removed"),
    "notice.retry": N_("Notice sent again"),
}
"""The kinds of action in words; one without words here is shown as it is."""

FIELDS = {
    "name": N_("name"),
    "role": N_("role"),
    "disabled": N_("disabled"),
    "language": N_("language"),
    "must_change_password": N_("password to be changed"),
    "ended": N_("ended"),
    "scopes": N_("scopes"),
    "expires_at": N_("ends"),
    "title": N_("title in English"),
    "title_es": N_("title in Spanish"),
    "kind": N_("kind"),
    "target": N_("what is asked"),
    "status": N_("good statuses"),
    "contains": N_("words in the answer"),
    "certificate_days": N_("days before a certificate's end"),
    "verify": N_("trusted certificates only"),
    "interval": N_("how often"),
    "group": N_("heading"),
    "status_page": N_("on the public page"),
    "state": N_("state"),
    "owner": N_("who has it"),
    "event": N_("entry of the timeline"),
}

FIELDS_WITH_WORDS = {"role", "language", "state"}

VALUES = {
    "viewer": N_("Viewer"),
    "operator": N_("Operator"),
    "admin": N_("Administrator"),
    "en": "English",
    "es": "Español",
    "open": N_("Open"),
    "acknowledged": N_("Acknowledged"),
    "resolved": N_("Resolved"),
}


@blueprint.get("/audit")
@require(Role.ADMIN)
def show() -> str:
    """One page of entries that fit the search."""
    search = wanted()
    found = transact(lambda session: audit.find(session, search))
    entries = found[: audit.PAGE]
    older = None
    if len(found) > audit.PAGE:
        older = f"/audit?{urlencode({**request.args.to_dict(), 'before': entries[-1].id})}"
    return render_template(
        "guard/audit.html",
        entries=[(entry, changes_of(entry)) for entry in entries],
        older=older,
        actions=ACTIONS,
        actions_in_words=[(action, _(words)) for action, words in ACTIONS.items()],
        search=search,
        query=urlencode({name: text for name, text in request.args.items() if text and name in SEARCHED}),
    )


SEARCHED = ("text", "action", "actor", "subject", "since", "until")
"""The fields of the search, as the address names them."""


def wanted() -> audit.Search:
    """What the address asks for."""
    return audit.Search(
        text=request.args.get("text", "").strip()[:100],
        action=request.args.get("action", ""),
        actor=request.args.get("actor", "").strip()[:100],
        subject=request.args.get("subject", "").strip()[:128],
        since=day_begins(request.args.get("since", "")),
        until=day_ends(request.args.get("until", "")),
        before_id=request.args.get("before", type=row_number),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry, in words: as it was and as it is; None where there is no such side."""

    field: str
    old: str | None
    new: str | None


def changes_of(entry: AuditEntry) -> list[Change]:
    """The fields that an entry tells, in the reader's words; one that was and is empty tells nothing."""
    names = list(dict.fromkeys([*entry.old, *entry.new]))
    return [
        Change(_(FIELDS.get(name, name)), _said(entry.old, name), _said(entry.new, name))
        for name in names
        if entry.old.get(name) is not None or entry.new.get(name) is not None
    ]


def _said(values: dict[str, object], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if name in FIELDS_WITH_WORDS:
        return str(_(VALUES.get(str(value), str(value))))
    return str(value)


def row_number(text: str) -> int:
    """An entry's number. Raises ValueError for what can't be one."""
    number = int(text)
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError(f"{text} numbers no entry")
    return number


def day_begins(text: str) -> datetime | None:
    """The first moment of a day written as 2026-11-24, in UTC; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def day_ends(text: str) -> datetime | None:
    """The first moment after that day; None for anything else or past the calendar's end."""
    begins = day_begins(text)
    try:
        return None if begins is None else begins + timedelta(days=1)
    except OverflowError:
        return None
