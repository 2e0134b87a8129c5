"""What operators do to incidents, by plain forms: one address per verb. Whoever comes second is told who was first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import format_datetime
from flask_babel import gettext as _

from sereno.core.errors import Conflict, NotFound, UsageError
from sereno.core.text import Text
from sereno.guard.model import Role
from sereno.respond.incidents.model import TEXT_LENGTH
from sereno.web.alerts import SEVERITIES
from sereno.web.auth import require
from sereno.web.here import actor
from sereno.web.i18n import N_
from sereno.web.incident_words import faster, known_components
from sereno.web.incidents import incident_page, incidents, words

blueprint = Blueprint("incident_actions", __name__, url_prefix="/incidents")


@blueprint.get("/new")
@require(Role.OPERATOR)
def new_form() -> str:
    """The empty form."""
    return _new_page(_New(), {})


@blueprint.post("/new")
@require(Role.OPERATOR)
def new() -> Response:
    """Open an incident by hand."""
    form = _New.sent()
    try:
        incident = incidents().open(
            Text(form.title, form.title_es), form.severity, form.components, actor=actor(), text=form.text,
            opened_at=form.began(),
        )  # fmt: skip
    except UsageError as error:
        return make_response(_new_page(form, form.complaints(error)), 422)
    flash(_("The incident is open. Nobody has it yet."), "ok")
    return make_response(redirect(f"/incidents/{incident.id}", code=303))


@blueprint.post("/<int:id>/acknowledge")
@require(Role.OPERATOR)
def acknowledge(id: int) -> Response:
    """Take it; a comment that was typed with it follows."""

    def work(text: str) -> None:
        incidents().acknowledge(id, actor())
        if text:
            incidents().comment(id, text, actor())

    return _done(id, work, N_("Acknowledged: you have seen it, and everyone can see that."))


@blueprint.post("/<int:id>/comment")
@require(Role.OPERATOR)
def comment(id: int) -> Response:
    """Add what was typed to the timeline, for those with an account."""
    return _done(id, lambda text: incidents().comment(id, text, actor()), N_("Added to the timeline."), needs="text")


@blueprint.post("/<int:id>/publish")
@require(Role.OPERATOR)
def publish(id: int) -> Response:
    """Tell everyone what was typed, on the status page."""
    return _done(
        id,
        lambda text: incidents().publish(id, text, actor()),
        N_("Published: the status page shows it within seconds."),
        needs="public_text",
    )


@blueprint.post("/<int:id>/resolve")
@require(Role.OPERATOR)
def resolve(id: int) -> Response:
    """End it."""
    return _done(id, lambda text: incidents().resolve(id, actor(), text), N_("Resolved."))


@blueprint.post("/<int:id>/reopen")
@require(Role.OPERATOR)
def reopen(id: int) -> Response:
    """Open it again."""
    return _done(
        id,
        lambda text: incidents().reopen(id, actor(), text),
        N_("Open again. It stays so until somebody resolves it."),
    )


@blueprint.post("/<int:id>/assign")
@require(Role.OPERATOR)
def assign(id: int) -> Response:
    """Give it to somebody, or to nobody."""
    owner = request.form.get("owner", "").strip() or None
    said = _("%(name)s has it now.", name=owner) if owner else _("Nobody has it now.")
    return _done(id, lambda _text: incidents().assign(id, owner, actor()), said)


@dataclass(frozen=True, slots=True)
class _New:
    """The fields of the form that opens an incident, as typed."""

    title: str = ""
    title_es: str = ""
    severity: str = "warning"
    began_at: str = ""
    text: str = ""
    components: tuple[str, ...] = ()

    @classmethod
    def sent(cls) -> _New:
        severity = request.form.get("severity", "")
        return cls(
            title=request.form.get("title", "").strip(),
            title_es=request.form.get("title_es", "").strip(),
            severity=severity if severity in SEVERITIES else "warning",
            began_at=request.form.get("began_at", "").strip(),
            text=request.form.get("text", "").strip(),
            components=tuple(request.form.getlist("components")),
        )

    def began(self) -> datetime | None:
        """The begin that was typed, in UTC; None for none. Raises UsageError for anything else."""
        if not self.began_at:
            return None
        try:
            return datetime.fromisoformat(self.began_at).replace(tzinfo=UTC)
        except ValueError as error:
            raise UsageError(f"{self.began_at} is no time") from error

    def complaints(self, error: UsageError) -> dict[str, str]:
        """What to say beside which field; "" is the form as a whole."""
        wrong = {}
        if not self.title:
            wrong["title"] = str(_("Say in a few words what is wrong."))
        if len(self.text) > TEXT_LENGTH:
            wrong["text"] = str(_("Use at most %(longest)s characters.", longest=TEXT_LENGTH))
        if self.began_at and not wrong:
            wrong["began_at"] = str(_("Give a time that has passed, such as 2026-11-24T18:05."))
        return wrong or {"": error.message}


def _new_page(form: _New, wrong: dict[str, str]) -> str:
    return render_template(
        "respond/incident_new.html", **words(), form=form, wrong=wrong, components=known_components()
    )


def _done(id: int, work: Callable[[str], object], said: str, *, needs: str = "") -> Response:
    """Do `work` with the text that was typed and go back to the incident; a refusal shows its page with what was typed.

    `needs` is the field without which nothing can be done.
    """
    typed = {name: request.form.get(name, "").strip() for name in ("text", "public_text")}
    field = needs or "text"
    if needs and not typed[needs]:
        return _refused(id, 422, typed, wrong={needs: _("Write first what you have to say.")})
    if len(typed[field]) > TEXT_LENGTH:
        return _refused(id, 422, typed, wrong={field: _("Use at most %(longest)s characters.", longest=TEXT_LENGTH)})
    try:
        work(typed[field])
    except Conflict:
        return _refused(id, 409, typed, told=_faster(id))
    except NotFound:
        incidents().get(id)  # Raises where it is the incident that is not there.
        return _refused(id, 422, typed, told=_("There is no such account any more."))
    flash(_(said), "ok")
    return make_response(redirect(f"/incidents/{id}", code=303))


def _refused(
    id: int, status: int, typed: dict[str, str], *, told: str = "", wrong: dict[str, str] | None = None
) -> Response:
    if told and any(typed.values()):
        told = " ".join([told, _("What you typed still stands below.")])
    return make_response(incident_page(id, told=told, typed=typed, wrong=wrong), status)


def _faster(id: int) -> str:
    """Who was faster, by name."""
    room = incidents()
    last = room.last_change(id)
    at = f"{format_datetime(last.at, 'd MMM y, HH:mm:ss')} UTC" if last else ""
    return faster(room.get(id), last, at)
