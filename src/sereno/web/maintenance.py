"""`/maintenance`: what is planned, for everyone with an account; operators plan, change, end and cancel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import Conflict
from sereno.core.text import Text
from sereno.guard.model import Role
from sereno.respond.incidents.grouping import MACHINE
from sereno.respond.maintenance.model import (
    EVERYTHING,
    TEXT_LENGTH,
    TITLE_LENGTH,
    Maintenance,
    MaintenanceRefused,
    Phase,
    Wanted,
    in_language,
)
from sereno.respond.maintenance.service import Calendar
from sereno.serve.catalogue import CATALOGUE
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import actor, known_identity, now
from sereno.web.i18n import N_, language
from sereno.web.probing import probes
from sereno.web.public_words import PHASES
from sereno.wiring.maintenance import open_calendar

blueprint = Blueprint("maintenance", __name__, url_prefix="/maintenance")

PHASE_BADGES = {Phase.PLANNED: "plain", Phase.RUNNING: "warn", Phase.ENDED: "ok", Phase.CANCELLED: "plain"}
LISTED = 40
AS_TYPED = "%Y-%m-%dT%H:%M"
"""How a browser's own field for a moment writes it."""

REFUSALS = {
    "title": N_("A title is needed, in English or in Spanish."),
    "begins_at": N_("The begin lies in the past; what was measured then stays as it was."),
    "ends_at": N_("The end must lie after the begin, in the future, and at most 31 days after the begin."),
    "components": N_("Choose at least one part that the maintenance is about."),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of the form, as typed."""

    title: str = ""
    title_es: str = ""
    text: str = ""
    text_es: str = ""
    begins_at: str = ""
    ends_at: str = ""
    components: tuple[str, ...] = ()

    @classmethod
    def empty(cls) -> _Form:
        """It proposes the next full hour, for an hour."""
        begin = now().astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return cls(begins_at=begin.strftime(AS_TYPED), ends_at=(begin + timedelta(hours=1)).strftime(AS_TYPED))

    @classmethod
    def of(cls, one: Maintenance) -> _Form:
        begins, ends = (each.astimezone(UTC).strftime(AS_TYPED) for each in (one.begins_at, one.ends_at))
        return cls(one.title.en, one.title.es, one.text.en, one.text.es, begins, ends, one.components)

    @classmethod
    def sent(cls) -> _Form:
        lengths = {"title": TITLE_LENGTH, "title_es": TITLE_LENGTH, "text": TEXT_LENGTH, "text_es": TEXT_LENGTH}
        words = {name: request.form.get(name, "").strip()[:length] for name, length in lengths.items()}
        begins, ends = (request.form.get(name, "").strip()[:40] for name in ("begins_at", "ends_at"))
        return cls(**words, begins_at=begins, ends_at=ends, components=tuple(request.form.getlist("component")))

    def wanted(self) -> Wanted:
        """What is meant. Raises MaintenanceRefused."""
        return Wanted(
            Text(self.title, self.title_es),
            Text(self.text, self.text_es),
            _moment("begins_at", self.begins_at),
            _moment("ends_at", self.ends_at),
            self.components,
        )


def calendar() -> Calendar:
    """The desk's calendar of maintenance."""
    own = desk()
    return open_calendar(own.surroundings, own.database, clock=own.clock)


@blueprint.get("")
@require(Role.VIEWER)
def show_all() -> str:
    """What runs and what is planned first, then what was, the newest first."""
    before = request.args.get("before", type=int)
    page = calendar().page(before_id=before, limit=LISTED)
    moment = now()
    ahead = [one for one in calendar().ahead() if one.phase(moment) in (Phase.PLANNED, Phase.RUNNING)]
    return render_template(
        "respond/maintenance.html",
        ahead=ahead if before is None else [],
        items=[one for one in page.items if one.phase(moment) in (Phase.ENDED, Phase.CANCELLED)],
        older=page.next,
        now=moment,
        phases=PHASES,
        badges=PHASE_BADGES,
        titles=dict(_choices()),
        in_language=in_language,
        may_change=known_identity().role >= Role.OPERATOR,
    )


@blueprint.get("/add")
@require(Role.OPERATOR)
def add_form() -> str:
    """The form, with the next full hour in it."""
    return _form_page("respond/maintenance_add.html", _Form.empty(), {})


@blueprint.post("/add")
@require(Role.OPERATOR)
def add() -> Response:
    """Plan one."""
    form = _Form.sent()
    try:
        added = calendar().add(form.wanted(), actor=actor())
    except MaintenanceRefused as refusal:
        return make_response(_form_page("respond/maintenance_add.html", form, _told(refusal)), 422)
    flash(_("%(title)s is planned; the status page tells of it.", title=_called(added)), "ok")
    return _back_to_list()


@blueprint.get("/<int:id>/edit")
@require(Role.OPERATOR)
def edit_form(id: int) -> str:
    """The form with its present values."""
    one = calendar().get(id)
    return _form_page("respond/maintenance_edit.html", _Form.of(one), {}, one)


@blueprint.post("/<int:id>/edit")
@require(Role.OPERATOR)
def edit(id: int) -> Response:
    """Give it other values."""
    form, own = _Form.sent(), calendar()
    one = own.get(id)
    try:
        changed = own.change(id, form.wanted(), actor=actor())
    except MaintenanceRefused as refusal:
        return make_response(_form_page("respond/maintenance_edit.html", form, _told(refusal), one), 422)
    except Conflict:
        return _too_late(one)
    flash(_("%(title)s has been saved.", title=_called(changed)), "ok")
    return _back_to_list()


@blueprint.get("/<int:id>/end")
@require(Role.OPERATOR)
def end_form(id: int) -> str:
    """The question before it is ended, or cancelled where it has not begun."""
    one = calendar().get(id)
    return render_template("respond/maintenance_end.html", called=_called(one), runs=one.phase(now()) is Phase.RUNNING)


@blueprint.post("/<int:id>/end")
@require(Role.OPERATOR)
def end(id: int) -> Response:
    """End it now, or cancel it where it has not begun."""
    own = calendar()
    one = own.get(id)
    try:
        if one.phase(now()) is Phase.PLANNED:
            own.cancel(id, actor=actor())
            flash(_("%(title)s is cancelled.", title=_called(one)), "ok")
        else:
            own.end(id, actor=actor())
            flash(_("%(title)s is over; alerts are told again.", title=_called(one)), "ok")
    except Conflict:
        return _too_late(one)
    return _back_to_list()


def _form_page(template: str, form: _Form, wrong: dict[str, str], one: Maintenance | None = None) -> str:
    return render_template(
        template,
        form=form,
        wrong=wrong,
        choices=[(EVERYTHING, _("Everything on this machine")), *_choices()],
        begun=one is not None and one.phase(now()) is Phase.RUNNING,
    )


def _choices() -> list[tuple[str, str]]:
    """Names and titles of what a maintenance can be about."""
    own, code = probes(), language()
    watched = [*own.of_settings, *(each.probe for each in own.asked())]
    return [
        *((each.name, each.title.in_language(code) or each.title.en or each.name) for each in watched),
        (MACHINE, _("The machine")),
        *((component.name, component.title.in_language(code)) for component in CATALOGUE),
        *((host.name, host.name) for host in desk().surroundings.settings.hosts),
    ]


def _moment(field: str, text: str) -> datetime:
    try:
        return datetime.strptime(text[:16], AS_TYPED).replace(tzinfo=UTC)
    except ValueError as error:
        raise MaintenanceRefused(field, f"{text!r} is no time such as 2026-11-25T02:00") from error


def _told(refusal: MaintenanceRefused) -> dict[str, str]:
    return {refusal.field: _(REFUSALS[refusal.field])}


def _too_late(one: Maintenance) -> Response:
    flash(_("%(title)s is over already; nothing was changed.", title=_called(one)), "warn")
    return _back_to_list()


def _called(one: Maintenance) -> str:
    return in_language(one.title, language())


def _back_to_list() -> Response:
    return make_response(redirect("/maintenance", code=303))
