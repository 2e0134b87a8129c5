"""API tokens, for people: one's own; an administrator's list has everyone's. One address per verb, without a script."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import Conflict, Forbidden, UsageError
from sereno.guard import tokens
from sereno.guard.model import Role
from sereno.guard.scopes import DEFAULT_DAYS, ROLE_OF, Scope
from sereno.guard.tokens import Maker, Token
from sereno.web.auth import require
from sereno.web.here import actor, known_identity, now, transact
from sereno.web.i18n import N_
from sereno.web.refusals import field_of, words_of

blueprint = Blueprint("tokens", __name__, url_prefix="/tokens")

MEANINGS = {
    Scope.READ: N_("see everything that a viewer sees"),
    Scope.INCIDENTS_READ: N_("see incidents"),
    Scope.INCIDENTS_WRITE: N_("open, take, comment and resolve incidents"),
    Scope.STATUS_WRITE: N_("publish updates and plan maintenance"),
    Scope.ALERTS_WRITE: N_("deliver alerts"),
    Scope.HEARTBEATS_WRITE: N_("give a sign of life for a job or another Sereno"),
    Scope.PROBES_WRITE: N_("add, change and remove probes"),
    Scope.BACKUPS_WRITE: N_("ask for a backup"),
    Scope.ADMIN: N_("manage users and tokens, read the audit trail"),
}
"""What each scope allows, to say after "may"."""

NEVER = "never"
DAYS = (7, 30, DEFAULT_DAYS, 180, 365)


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields as typed."""

    name: str = ""
    scopes: list[str] = field(default_factory=list)
    days: str = str(DEFAULT_DAYS)

    @classmethod
    def sent(cls) -> _Form:
        return cls(request.form.get("name", ""), request.form.getlist("scopes"), request.form.get("days", ""))

    @property
    def number_of_days(self) -> int | None:
        """None: never. What is no number is refused as 0 would be."""
        if self.days == NEVER:
            return None
        return int(self.days) if self.days.isascii() and self.days.isdigit() and len(self.days) < 6 else 0


@blueprint.get("")
@require(Role.VIEWER, scope=None)
def show_all() -> str:
    """The list, those that have ended too."""
    maker, moment = _maker(), now()
    found = transact(lambda session: tokens.tokens(session, maker))
    shown = [(each, each.state(moment)) for each in found]
    return render_template("guard/tokens.html", tokens=shown, sees_all=maker.sees is None)


@blueprint.get("/add")
@require(Role.VIEWER, scope=None)
def add_form() -> str:
    """The empty form."""
    return _form_page(_Form(), {})


@blueprint.post("/add")
@require(Role.VIEWER, scope=None)
def add() -> Response:
    """Make a token and show its text, this once."""
    form, maker, who, moment = _Form.sent(), _maker(), actor(), now()
    try:
        made, text = transact(
            lambda session: tokens.make(
                session,
                name=form.name,
                scopes=form.scopes,
                days=form.number_of_days,
                maker=maker,
                actor=who,
                now=moment,
            )
        )
    except (UsageError, Conflict, Forbidden) as refusal:
        return make_response(_form_page(form, {field_of(refusal): words_of(refusal)}), 422)
    return make_response(render_template("guard/token_text.html", made=made, text=text), 201)


@blueprint.get("/<int:token_id>/revoke")
@require(Role.VIEWER, scope=None)
def revoke_form(token_id: int) -> str:
    """The question before what uses it stops working."""
    return render_template("guard/token_revoke.html", made=_token(token_id))


@blueprint.post("/<int:token_id>/revoke")
@require(Role.VIEWER, scope=None)
def revoke(token_id: int) -> Response:
    """End it at once and for good."""
    maker, who, moment = _maker(), actor(), now()
    gone = transact(lambda session: tokens.revoke(session, token_id, maker, actor=who, now=moment))
    flash(_("The token %(name)s has been revoked.", name=gone.name), "ok")
    return make_response(redirect("/tokens", code=303))


def _form_page(form: _Form, wrong: dict[str, str]) -> str:
    role = known_identity().role
    choices = [(str(days), str(_("%(days)s days", days=days))) for days in DAYS]
    if role is Role.ADMIN:
        choices.append((NEVER, str(_("never"))))
    return render_template(
        "guard/token_add.html",
        form=form,
        wrong=wrong,
        scopes=[(scope, _(MEANINGS[scope])) for scope in Scope if ROLE_OF[scope] <= role],
        choices=choices,
        may_be_endless=role is Role.ADMIN,
    )


def _token(token_id: int) -> Token:
    maker = _maker()
    return transact(lambda session: tokens.token(session, token_id, maker))


def _maker() -> Maker:
    return Maker.of(known_identity())
