"""Signing in and out by program: `/api/v1/session`."""

from __future__ import annotations

from flask import Blueprint, Response, make_response
from flask_wtf.csrf import generate_csrf
from pydantic import Field

from sereno.guard import sessions
from sereno.guard.model import Role
from sereno.guard.sign_in import sign_in
from sereno.web.account import change_own_password
from sereno.web.api import JSON, PREFIX, ApiModel, operation
from sereno.web.auth import public, require
from sereno.web.cookies import let_in, let_out, set_session
from sereno.web.desk import desk
from sereno.web.here import actor, known_identity, now, transact
from sereno.web.i18n import N_
from sereno.web.login import credentials

blueprint = Blueprint("session_api", __name__, url_prefix=f"{PREFIX}/session")

TAG = N_("Session")


class SignIn(ApiModel):
    """Name and password."""

    name: str = Field(max_length=256)
    password: str = Field(max_length=1024)


class SessionOut(ApiModel):
    """Who is signed in, and the token for requests that change something."""

    name: str
    role: Role
    must_change_password: bool = Field(description=N_("While true, only the password can be changed."))
    csrf_token: str = Field(description=N_("For the header X-CSRF-Token of each request that changes something."))


class NewPassword(ApiModel):
    """The present password and the next one."""

    present: str = Field(max_length=1024)
    new: str = Field(max_length=1024, description=N_("At least 12 characters."))


@blueprint.post("")
@public(form_token=False)
@operation(TAG, N_("Sign in"), body=SignIn, answers=SessionOut, status=201, problems=(401, 429), once=False)
def begin(body: SignIn) -> Response:
    """Begin a session. Without a form token: a body of JSON can't be sent by another site's form."""
    welcome = sign_in(desk().database, credentials(body.name, body.password), now=now())
    response = let_in(make_response("", 201), welcome)
    out = SessionOut(
        name=welcome.name,
        role=welcome.role,
        must_change_password=welcome.must_change_password,
        csrf_token=generate_csrf(),
    )
    response.set_data(out.model_dump_json())
    response.mimetype = JSON
    return response


@blueprint.get("")
@require(Role.VIEWER, scope=None, while_password_must_change=True)
@operation(TAG, N_("Show who is signed in"), answers=SessionOut)
def show() -> SessionOut:
    """Who asks."""
    identity = known_identity()
    return SessionOut(
        name=identity.name,
        role=identity.role,
        must_change_password=identity.must_change_password,
        csrf_token=generate_csrf(),
    )


@blueprint.delete("")
@require(Role.VIEWER, scope=None, while_password_must_change=True)
@operation(TAG, N_("Sign out"), status=204)
def end() -> Response:
    """End the session at once."""
    identity, who, moment = known_identity(), actor(), now()
    transact(lambda session: sessions.end(session, identity, identity.session_id, actor=who, now=moment))
    return let_out(make_response("", 204))


@blueprint.post("/password")
@require(Role.VIEWER, scope=None, while_password_must_change=True)
@operation(TAG, N_("Change one's own password"), body=NewPassword, status=204, problems=(429,))
def change_password(body: NewPassword) -> Response:
    """Change it, end the other sessions, and go on under a fresh cookie."""
    token = change_own_password(present=body.present, new=body.new, repeated=body.new)
    response = make_response("", 204)
    set_session(response, token)
    return response
