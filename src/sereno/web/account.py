"""One's own account: password, language, sessions."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import SerenoError
from sereno.guard import service, sessions
from sereno.guard.errors import PasswordRefused, TooManyAttempts, WrongPassword
from sereno.guard.model import Role
from sereno.guard.passwords import MAX_LENGTH, MIN_LENGTH
from sereno.guard.sign_in import confirm
from sereno.web.auth import require
from sereno.web.browsers import browser_words
from sereno.web.cookies import set_session
from sereno.web.desk import desk
from sereno.web.here import actor, client_address, known_identity, now, transact
from sereno.web.i18n import remember_language
from sereno.web.refusals import field_of, words_of

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@require(Role.VIEWER, scope=None)
def show() -> str:
    """What the account is, and where it is signed in."""
    identity, moment = known_identity(), now()
    living = transact(lambda session: sessions.of(session, identity, now=moment))
    return render_template("guard/account.html", sessions=living, browser_words=browser_words)


@blueprint.post("/account/language")
@require(Role.VIEWER, scope=None)
def choose_language() -> Response:
    """Keep the language in which the account is greeted in every browser."""
    identity, who, moment = known_identity(), actor(), now()
    choice = request.form.get("language", "")
    user = transact(lambda session: service.choose_language(session, identity, choice, actor=who, now=moment))
    response = make_response(redirect("/account", code=303))
    if user.language is not None:
        remember_language(response, user.language)
    return response


@blueprint.post("/account/sessions/<int:session_id>/end")
@require(Role.VIEWER, scope=None)
def end_session(session_id: int) -> Response:
    """Sign out another browser."""
    identity, who, moment = known_identity(), actor(), now()
    transact(lambda session: sessions.end(session, identity, session_id, actor=who, now=moment))
    flash(_("That session has been ended."), "ok")
    return make_response(redirect("/account", code=303))


@blueprint.post("/account/sessions/end-others")
@require(Role.VIEWER, scope=None)
def end_other_sessions() -> Response:
    """Sign out everywhere but here."""
    identity, who, moment = known_identity(), actor(), now()
    transact(lambda session: sessions.end_others(session, identity, actor=who, now=moment))
    flash(_("All other sessions have been ended."), "ok")
    return make_response(redirect("/account", code=303))


@blueprint.get("/password")
@require(Role.VIEWER, scope=None, while_password_must_change=True)
def password_form() -> str:
    """The form to change one's own password."""
    return _password_page({})


@blueprint.post("/password")
@require(Role.VIEWER, scope=None, while_password_must_change=True)
def change_password() -> Response:
    """Change it, end the other sessions, and go on under a fresh token."""
    try:
        token = change_own_password(
            present=request.form.get("present", ""),
            new=request.form.get("new", ""),
            repeated=request.form.get("repeated", ""),
        )
    except (PasswordRefused, WrongPassword, TooManyAttempts) as refusal:
        return _again(refusal)
    flash(_("Your password has been changed. Other browsers have been signed out."), "ok")
    response = make_response(redirect("/desk", code=303))
    set_session(response, token)
    return response


def change_own_password(*, present: str, new: str, repeated: str) -> str:
    """Change the password of whoever asks; answers the session's fresh token.

    Raises WrongPassword, TooManyAttempts, or the PasswordRefused that says why.
    """
    identity, who, moment = known_identity(), actor(), now()
    confirm(desk().database, identity, present, address=client_address(), now=moment)
    return transact(
        lambda session: service.change_password(
            session, identity, present=present, new=new, repeated=repeated, actor=who, now=moment
        )
    )


def _password_page(wrong: dict[str, str]) -> str:
    return render_template("guard/password.html", wrong=wrong, shortest=MIN_LENGTH, longest=MAX_LENGTH)


def _again(refusal: SerenoError) -> Response:
    wrong = {field_of(refusal): words_of(refusal)}
    response = make_response(_password_page(wrong), 422)
    if isinstance(refusal, TooManyAttempts):
        response.status_code = 429
        response.headers["Retry-After"] = str(refusal.wait_seconds)
    return response
