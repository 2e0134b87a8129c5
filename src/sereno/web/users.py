"""Accounts, for administrators. One address per verb; each works without a script."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import Conflict, UsageError
from sereno.guard import service
from sereno.guard.model import Role, User, UserChange
from sereno.web.auth import require
from sereno.web.here import actor, now, transact
from sereno.web.refusals import field_of, words_of

blueprint = Blueprint("users", __name__, url_prefix="/users")


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of the form that adds and edits, as typed."""

    name: str = ""
    role: str = Role.VIEWER.value
    language: str = ""

    @classmethod
    def sent(cls) -> _Form:
        role = request.form.get("role", "")
        known = role if role in {known.value for known in Role} else Role.VIEWER.value
        return cls(request.form.get("name", ""), known, request.form.get("language", ""))

    @classmethod
    def of(cls, user: User) -> _Form:
        return cls(user.name, user.role.value, user.language or "")


@blueprint.get("")
@require(Role.ADMIN)
def show_all() -> str:
    """The list."""
    return render_template("guard/users.html", users=transact(service.users))


@blueprint.get("/add")
@require(Role.ADMIN)
def add_form() -> str:
    """The empty form."""
    return render_template("guard/user_add.html", form=_Form(), wrong={})


@blueprint.post("/add")
@require(Role.ADMIN)
def add() -> Response:
    """Add an account and show its generated password, this once."""
    form, who, moment = _Form.sent(), actor(), now()
    try:
        user, password = transact(
            lambda session: service.add_user(
                session, name=form.name, role=Role(form.role), language=form.language, actor=who, now=moment
            )
        )
    except (UsageError, Conflict) as refusal:
        wrong = {field_of(refusal): words_of(refusal)}
        return make_response(render_template("guard/user_add.html", form=form, wrong=wrong), 422)
    return make_response(render_template("guard/user_password.html", user=user, password=password, is_new=True), 201)


@blueprint.get("/<int:user_id>/edit")
@require(Role.ADMIN)
def edit_form(user_id: int) -> str:
    """The form with the account's present values."""
    user = _user(user_id)
    return render_template("guard/user_edit.html", user=user, form=_Form.of(user), wrong={})


@blueprint.post("/<int:user_id>/edit")
@require(Role.ADMIN)
def edit(user_id: int) -> Response:
    """Change name, role and language."""
    form, who, moment = _Form.sent(), actor(), now()
    change = UserChange(name=form.name, role=Role(form.role), language=form.language)
    try:
        user = transact(lambda session: service.change_user(session, user_id, change, actor=who, now=moment))
    except (UsageError, Conflict) as refusal:
        wrong = {field_of(refusal): words_of(refusal)}
        page = render_template("guard/user_edit.html", user=_user(user_id), form=form, wrong=wrong)
        return make_response(page, 422)
    flash(_("%(name)s has been saved.", name=user.name), "ok")
    return _back_to_list()


@blueprint.post("/<int:user_id>/disable")
@require(Role.ADMIN)
def disable(user_id: int) -> Response:
    """Close the account and sign it out everywhere."""
    if _change_state(user_id, disabled=True):
        flash(_("The account has been disabled and signed out everywhere."), "ok")
    return _back_to_list()


@blueprint.post("/<int:user_id>/enable")
@require(Role.ADMIN)
def enable(user_id: int) -> Response:
    """Open the account again."""
    if _change_state(user_id, disabled=False):
        flash(_("The account has been enabled."), "ok")
    return _back_to_list()


@blueprint.get("/<int:user_id>/delete")
@require(Role.ADMIN)
def delete_form(user_id: int) -> str:
    """The question before the loss."""
    return render_template("guard/user_delete.html", user=_user(user_id))


@blueprint.post("/<int:user_id>/delete")
@require(Role.ADMIN)
def delete(user_id: int) -> Response:
    """Remove the account."""
    who, moment = actor(), now()
    try:
        gone = transact(lambda session: service.delete_user(session, user_id, actor=who, now=moment))
    except Conflict as refusal:
        flash(words_of(refusal), "bad")
    else:
        flash(_("%(name)s has been deleted.", name=gone.name), "ok")
    return _back_to_list()


@blueprint.get("/<int:user_id>/reset-password")
@require(Role.ADMIN)
def reset_form(user_id: int) -> str:
    """The question before the old password stops working."""
    return render_template("guard/user_reset.html", user=_user(user_id))


@blueprint.post("/<int:user_id>/reset-password")
@require(Role.ADMIN)
def reset(user_id: int) -> str:
    """Give the account a generated password and show it, this once."""
    who, moment = actor(), now()
    user, password = transact(lambda session: service.reset_password(session, user_id, actor=who, now=moment))
    return render_template("guard/user_password.html", user=user, password=password, is_new=False)


def _user(user_id: int) -> User:
    return transact(lambda session: service.user(session, user_id))


def _change_state(user_id: int, *, disabled: bool) -> bool:
    who, moment = actor(), now()
    change = UserChange(disabled=disabled)
    try:
        transact(lambda session: service.change_user(session, user_id, change, actor=who, now=moment))
    except Conflict as refusal:
        flash(words_of(refusal), "bad")
        return False
    return True


def _back_to_list() -> Response:
    return make_response(redirect("/users", code=303))
