"""`/heartbeats`: who is to be missed when they fall silent; operators declare, pause and remove."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import Conflict, UsageError
from sereno.guard.model import Role
from sereno.respond.heartbeats.model import Expectation, Heartbeat, State, accepted, accepted_name, written
from sereno.web.alerts import SEVERITIES
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.heartbeats_api import heartbeats
from sereno.web.here import actor, known_identity, now
from sereno.web.i18n import N_

blueprint = Blueprint("heartbeats", __name__, url_prefix="/heartbeats")

STATES = {
    State.NEW: N_("No signal yet"),
    State.ALIVE: N_("Alive"),
    State.LATE: N_("Late"),
    State.MISSING: N_("Missing"),
    State.PAUSED: N_("Paused"),
}
BADGES = {State.NEW: "plain", State.ALIVE: "ok", State.LATE: "warn", State.MISSING: "bad", State.PAUSED: "unknown"}


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of the form, as typed."""

    name: str = ""
    every: str = "1h"
    grace: str = "5m"
    severity: str = "critical"

    @classmethod
    def sent(cls) -> _Form:
        return cls(**{field: request.form.get(field, "").strip()[:80] for field in cls.__dataclass_fields__})

    @classmethod
    def of(cls, heartbeat: Heartbeat) -> _Form:
        expectation = heartbeat.expectation
        return cls(heartbeat.name, written(expectation.every), written(expectation.grace), expectation.severity)

    def wrong(self) -> dict[str, str]:
        """Each field that is refused, with words for the reader."""
        found = {}
        checks = (
            ("name", lambda: accepted_name(self.name), N_("Use up to 64 of the letters a-z, digits and . _ -")),
            ("every", lambda: accepted(self.every), N_("Write a duration such as 5m, 2h or 1d, 10s at least.")),
            ("grace", lambda: accepted("", self.grace), N_("Write a duration such as 30s, 5m or 1h.")),
        )
        for field, check, words in checks:
            try:
                check()
            except UsageError:
                found[field] = str(_(words))
        return found

    def expectation(self) -> Expectation:
        """What is meant. Raises UsageError."""
        return accepted(self.every, self.grace, self.severity)


@blueprint.get("")
@require(Role.VIEWER)
def show_all() -> str:
    """All of them, and how a signal is sent."""
    moment = now()
    return render_template(
        "respond/heartbeats.html",
        heartbeats=[(each, each.state(moment)) for each in heartbeats().listed()],
        now=moment,
        may_change=known_identity().role >= Role.OPERATOR,
        base_url=desk().surroundings.settings.site.base_url,
        states=STATES,
        badges=BADGES,
        severities=SEVERITIES,
        written=written,
    )


@blueprint.get("/add")
@require(Role.OPERATOR)
def add_form() -> str:
    """The empty form."""
    return _form_page(_Form(), {}, is_new=True)


@blueprint.post("/add")
@require(Role.OPERATOR)
def add() -> Response:
    """Expect a new one from now on."""
    form, who = _Form.sent(), actor()
    if wrong := form.wrong():
        return make_response(_form_page(form, wrong, is_new=True), 422)
    try:
        heartbeats().declare(form.name, form.expectation(), actor=who, is_new=True)
    except Conflict:
        taken = {"name": str(_("There is a heartbeat of this name already."))}
        return make_response(_form_page(form, taken, is_new=True), 422)
    flash(_("%(name)s is expected from now on.", name=form.name), "ok")
    return _back_to_list()


@blueprint.get("/<name>/edit")
@require(Role.OPERATOR)
def edit_form(name: str) -> str:
    """The form with the present values."""
    return _form_page(_Form.of(heartbeats().get(name)), {})


@blueprint.post("/<name>/edit")
@require(Role.OPERATOR)
def edit(name: str) -> Response:
    """Expect it otherwise."""
    heartbeats().get(name)
    sent, who = _Form.sent(), actor()
    form = _Form(name, sent.every, sent.grace, sent.severity)
    if wrong := form.wrong():
        return make_response(_form_page(form, wrong), 422)
    heartbeats().declare(name, form.expectation(), actor=who)
    flash(_("%(name)s has been saved.", name=name), "ok")
    return _back_to_list()


@blueprint.post("/<name>/pause")
@require(Role.OPERATOR)
def pause(name: str) -> Response:
    """Expect nothing for a while, or again from now on."""
    paused = request.form.get("paused") == "1"
    heartbeats().pause(name, paused=paused, actor=actor())
    words = _("%(name)s is not expected for the time being.") if paused else _("%(name)s is expected from now on.")
    flash(words % {"name": name}, "ok")
    return _back_to_list()


@blueprint.get("/<name>/delete")
@require(Role.OPERATOR)
def delete_form(name: str) -> str:
    """The question before it is forgotten."""
    return render_template("respond/heartbeat_delete.html", name=heartbeats().get(name).name)


@blueprint.post("/<name>/delete")
@require(Role.OPERATOR)
def delete(name: str) -> Response:
    """Forget it."""
    heartbeats().remove(name, actor=actor())
    flash(_("%(name)s is no longer expected.", name=name), "ok")
    return _back_to_list()


def _form_page(form: _Form, wrong: dict[str, str], *, is_new: bool = False) -> str:
    known = [(severity, _(words)) for severity, words in SEVERITIES.items()]
    other = [] if form.severity in SEVERITIES else [(form.severity, form.severity)]
    return render_template(
        "respond/heartbeat_form.html", form=form, wrong=wrong, is_new=is_new, severities=[*known, *other]
    )


def _back_to_list() -> Response:
    return make_response(redirect("/heartbeats", code=303))
