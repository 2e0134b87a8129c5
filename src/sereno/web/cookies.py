"""The cookies that signing in sets: the session's token, and the signed sign of a browser that is known."""

from __future__ import annotations

import secrets

from flask import Response, current_app, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from sereno.core.text import LANGUAGES
from sereno.guard.sessions import LIFETIME
from sereno.guard.sign_in import KnownDevice, Welcome
from sereno.web.auth import SESSION_COOKIE
from sereno.web.i18n import remember_language

DEVICE_COOKIE = "sereno_device"
DEVICE_PATHS = ("/login", "/api/v1/session")
"""Only those who check passwords are told; one cookie for each, since a cookie has one path."""

DEVICE_SECONDS = 180 * 24 * 3600


def known_device() -> KnownDevice | None:
    """The account that this browser has signed in to before, when its cookie is ours and not too old."""
    try:
        user_id, number = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""), max_age=DEVICE_SECONDS)
    except (BadSignature, ValueError):
        return None
    return KnownDevice(int(user_id), str(number))


def let_in(response: Response, welcome: Welcome) -> Response:
    """Give the browser its session, and forget all form tokens of the stranger that it was before."""
    session.clear()
    set_session(response, welcome.token)
    mark = str(_signer().dumps([welcome.user_id, secrets.token_hex(16)]))
    for path in DEVICE_PATHS:
        response.set_cookie(
            DEVICE_COOKIE, mark, max_age=DEVICE_SECONDS, path=path, secure=True, httponly=True, samesite="Lax"
        )
    if welcome.language in LANGUAGES:
        remember_language(response, welcome.language)
    return response


def set_session(response: Response, token: str) -> None:
    """Let the browser keep the session's token; scripts can't read it, other sites' requests don't carry it."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def let_out(response: Response) -> Response:
    """Take the session from the browser."""
    session.clear()
    response.delete_cookie(SESSION_COOKIE, secure=True, httponly=True, samesite="Lax")
    return response


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="known device")
