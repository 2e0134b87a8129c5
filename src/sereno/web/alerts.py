"""`/alerts`: what fires, and what has fired, for everyone with an account."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from sereno.core.clock import parse_rfc3339, rfc3339
from sereno.core.errors import UsageError
from sereno.guard.model import Identity, Role
from sereno.respond.alerts.links import reachable_generator
from sereno.respond.alerts.model import Alert
from sereno.respond.alerts.service import Alerts
from sereno.respond.alerts.store import Wanted
from sereno.respond.incidents.grouping import Rules
from sereno.watch.runbooks import runbook_names
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import now
from sereno.web.home import add_part
from sereno.web.i18n import N_

blueprint = Blueprint("alerts", __name__)

PAGE = 40
SHOWN_AT_HOME = 5

SEVERITIES = {
    "critical": N_("Critical"),
    "warning": N_("Warning"),
    "info": N_("Notice"),
}
"""The severities of our own rules in words; others are shown as they were given."""

BADGES = {"critical": "bad", "warning": "warn", "info": "plain"}


def alerts() -> Alerts:
    """The desk's alerts."""
    own = desk()
    return Alerts(own.database, clock=own.clock, rules=Rules.of(own.surroundings.settings))


@blueprint.get("/alerts")
@require(Role.VIEWER)
def show() -> str:
    """What fires now, whole; then what is over, page by page, newest first. Filters hold for both."""
    wanted = Wanted(
        state="resolved",
        name=request.args.get("name", "").strip()[:255],
        severity=request.args.get("severity", "").strip()[:64],
        instance=request.args.get("instance", "").strip()[:255],
        after=read_cursor(request.args.get("before")),
        limit=PAGE,
    )
    room = alerts()
    firing = room.firing()
    history = room.page(wanted)
    older = None
    if history.next is not None:
        older = f"/alerts?{urlencode({**request.args.to_dict(), 'before': cursor(history.next)})}"
    return render_template(
        "respond/alerts.html",
        now=now(),
        wanted=wanted,
        firing=sorted((alert for alert in firing if fits(alert, wanted)), key=_loudest_first),
        heartbeat=next((alert for alert in firing if alert.is_heartbeat), None),
        last_heard=room.last_heard(),
        history=history.alerts,
        older=older,
        names_to_choose=[(name, name) for name in room.names() if name],
        severities_in_words=[(severity, _(words)) for severity, words in SEVERITIES.items()],
        severities=SEVERITIES,
        badges=BADGES,
        first_page=wanted.after is None,
    )


@blueprint.get("/alerts/<int:id>")
@require(Role.VIEWER)
def detail(id: int) -> str:
    """Everything the desk knows of one alert, and the way to what it measured."""
    alert = alerts().get(id)
    name = alert.details.name
    return render_template(
        "respond/alert.html",
        alert=alert,
        now=now(),
        severities=SEVERITIES,
        badges=BADGES,
        measured_at=generator_link(alert),
        runbook=f"/runbooks/{name}" if name in runbook_names(desk().surroundings.settings) else None,
        earlier=alerts().page(Wanted(name=name, instance=alert.details.instance, heartbeats=True, limit=6)),
    )


def home_part(_identity: Identity) -> Markup:
    """What fires now, for the desk's home page."""
    firing = sorted((alert for alert in alerts().firing() if not alert.is_heartbeat), key=_loudest_first)
    words = render_template(
        "respond/home_part.html", firing=firing, shown=SHOWN_AT_HOME, severities=SEVERITIES, badges=BADGES
    )
    return Markup(words)  # noqa: S704 -- our own template, which has escaped what it was given.


blueprint.record_once(lambda state: add_part(cast(Flask, state.app), home_part))


def fits(alert: Alert, wanted: Wanted) -> bool:
    """Whether an open alert passes the page's filters; the heartbeat is no alert and is told apart."""
    return (
        not alert.is_heartbeat
        and wanted.name in ("", alert.details.name)
        and wanted.severity in ("", alert.details.severity)
        and wanted.instance in ("", alert.details.instance)
    )


def _loudest_first(alert: Alert) -> tuple[int, datetime]:
    order = list(SEVERITIES)
    severity = alert.details.severity
    return order.index(severity) if severity in order else len(order) - 1, alert.began_at


def generator_link(alert: Alert) -> str | None:
    """Where the alert's expression is shown, as this reader's browser reaches it."""
    own = frozenset({urlsplit(desk().surroundings.prometheus_url).netloc})
    return reachable_generator(alert.details.generator_url, own)


def cursor(place: tuple[datetime, int]) -> str:
    """A place in the list as text: the begin and the number of the last alert shown."""
    began_at, id = place
    return f"{rfc3339(began_at)}~{id}"


def read_cursor(text: str | None) -> tuple[datetime, int] | None:
    """The place that `cursor` wrote; None for no text. Raises UsageError for any other."""
    if not text:
        return None
    began_at, _tilde, id = text.partition("~")
    try:
        return parse_rfc3339(began_at), int(id)
    except ValueError as error:
        raise UsageError("that is no place in the list", next_step="begin again at /alerts") from error


__all__ = ["alerts", "blueprint", "cursor", "generator_link", "read_cursor"]
