"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request

from sereno.guard import sessions
from sereno.guard.errors import TooManyAttempts, WrongCredentials
from sereno.guard.model import Role
from sereno.guard.sign_in import Credentials, sign_in
from sereno.web.auth import SESSION_COOKIE, current_identity, public, require
from sereno.web.cookies import known_device, let_in, let_out
from sereno.web.desk import desk
from sereno.web.here import actor, client_address, known_identity, now, transact
from sereno.web.own_paths import own_path
from sereno.web.refusals import words_of
from sereno.web.request_id import current_request_id

blueprint = Blueprint("login", __name__)

HOME = "/desk"


@blueprint.get("/login")
@public
def form() -> Response:
    """The form; whoever is signed in already goes on."""
    if current_identity() is not None:
        return make_response(redirect(_wanted(), code=303))
    return make_response(render_template("guard/login.html", next=request.args.get("next", ""), name=""))


@blueprint.post("/login")
@public
def enter() -> Response:
    """Check name and password; a refusal shows the form again."""
    given = credentials(request.form.get("name", ""), request.form.get("password", ""))
    try:
        welcome = sign_in(desk().database, given, now=now())
    except (WrongCredentials, TooManyAttempts) as refusal:
        return _again(given, refusal)
    _end_present_session()
    target = "/password" if welcome.must_change_password else _wanted()
    return let_in(make_response(redirect(target, code=303)), welcome)


@blueprint.post("/logout")
@require(Role.VIEWER, scope=None, while_password_must_change=True)
def leave() -> Response:
    """End the session at once, wherever its token may have gone."""
    identity, who, moment = known_identity(), actor(), now()
    transact(lambda session: sessions.end(session, identity, identity.session_id, actor=who, now=moment))
    return let_out(make_response(redirect("/login", code=303)))


def credentials(name: str, password: str) -> Credentials:
    """What was typed, with what the request tells of the one who typed it."""
    return Credentials(
        name=name,
        password=password,
        address=client_address(),
        user_agent=request.headers.get("User-Agent", ""),
        device=known_device(),
        request_id=current_request_id(),
    )


def _again(given: Credentials, refusal: WrongCredentials | TooManyAttempts) -> Response:
    page = render_template(
        "guard/login.html", next=request.form.get("next", ""), name=given.name, refusal=words_of(refusal)
    )
    response = make_response(page, 422)
    if isinstance(refusal, TooManyAttempts):
        response.status_code = 429
        response.headers["Retry-After"] = str(refusal.wait_seconds)
    return response


def _end_present_session() -> None:
    """A new sign-in takes the place of the browser's old session."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        transact(lambda session: sessions.end_by_token(session, token))


def _wanted() -> str:
    return own_path(request.values.get("next"), otherwise=HOME)
