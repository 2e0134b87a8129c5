"""Who may do what, checked before every view; and the one place that establishes who asks.

Every view declares its access: `@public`, `@require(Role.…, scope="…")` or `@bearer("secret-name")`. A view without a
declaration is refused, so forgetting it shows at once instead of opening a door.

An identity comes from an API token (`Authorization: Bearer srn_…`) or else from the session's cookie. A request with
both is the token's; a token that opens nothing is refused, whatever cookie came with it.
"""

from __future__ import annotations

import hmac
import logging
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, g, redirect, request
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from sereno.core.errors import Forbidden, Unavailable
from sereno.database.retry import in_one_transaction
from sereno.database.room import NoRoom
from sereno.guard import sessions, tokens
from sereno.guard.model import Identity, Role
from sereno.web.access import UNSAFE_METHODS, Access, bearer, declared_access, public, require
from sereno.web.desk import desk

SESSION_COOKIE = "sereno_session"
"""Without the `__Host-` prefix: Nginx reads this cookie by name, and its variables can't hold a hyphen."""

_log = logging.getLogger(__name__)


def current_identity() -> Identity | None:
    """Who asks, or None for a stranger. The only place that establishes an identity; asked once per request.

    Raises Unavailable when there is a token or a session's cookie and the database can't be asked.
    """
    if "identity" not in g:
        g.identity = _established()
    return g.identity  # type: ignore[no-any-return]


def _established() -> Identity | None:
    """By the first of the ways to show who one is that the request uses; a further way is one more line here."""
    text = bearer_text()
    if text.startswith(tokens.PREFIX):
        return _identity_of_token(text)
    cookie = request.cookies.get(SESSION_COOKIE)
    return _identity_of_session(cookie) if cookie else None


def bearer_text() -> str:
    """What stands after `Authorization: Bearer`; empty when nothing does."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def current_identity_or_none() -> Identity | None:
    """As `current_identity`, but a database that is away makes everyone a stranger: for what pages only decorate."""
    try:
        return current_identity()
    except Unavailable:
        g.identity = None
        return None


def _identity_of_session(token: str) -> Identity | None:
    own = desk()
    moment = own.clock()

    def identified(*, is_use: bool) -> Identity | None:
        return in_one_transaction(
            own.database, lambda session: sessions.identify(session, token, now=moment, is_use=is_use)
        )

    try:
        return identified(is_use="X-Live" not in request.headers)
    except NoRoom:
        # When somebody was seen is not worth turning them away from what a full disk still lets them read.
        return identified(is_use=False)


def _identity_of_token(text: str) -> Identity | None:
    own = desk()
    moment = own.clock()
    found = in_one_transaction(own.database, lambda session: tokens.identify(session, text, now=moment))
    if found is None:
        return None
    identity, is_worth_noting = found
    if is_worth_noting and identity.token is not None:
        number, address = identity.token.id, request.remote_addr or "unknown"
        try:
            in_one_transaction(
                own.database, lambda session: tokens.note_use(session, number, address=address, now=moment)
            )
        except Unavailable as error:
            _log.warning("a token's last use could not be written: %s", error.message)
    return identity


def init_app(app: Flask) -> None:
    """Check access and forged requests before each view, and name the reader to templates."""
    app.before_request(_check)

    @app.context_processor
    def identity_for_templates() -> dict[str, object]:
        return {"identity": current_identity_or_none(), "Role": Role}


def _check() -> Response | None:
    if request.routing_exception is not None or request.endpoint is None:
        return None  # 404 and 405 are told to everyone alike.
    access = declared_access(current_app.view_functions[request.endpoint])
    if access is None:
        raise Forbidden(f"{request.endpoint} says not who may call it", next_step="declare its access in the code")
    if access.secret is not None and _holds_secret(access.secret):
        return None
    refusal = None
    if access.secret is not None:
        _check_token(access)
    elif access.role is not None:
        refusal = _check_role(access, access.role)
    if refusal is None and request.method in UNSAFE_METHODS and not _came_with_token():
        _check_forgery(form_token=access.form_token)
    return refusal


def _holds_secret(secret: str) -> bool:
    expected = desk().surroundings.secret(secret)
    return hmac.compare_digest(bearer_text().encode(), expected.encode())


def _check_token(access: Access) -> None:
    """Let in an API token where the text of a secret is wanted; a session is none."""
    if access.role is None or not bearer_text().startswith(tokens.PREFIX):
        unauthorized()
    _check_role(access, access.role)


def _came_with_token() -> bool:
    """Whether an API token opened the view: no other site can make a browser send one, so there is nothing to forge."""
    identity = g.get("identity")
    return identity is not None and identity.token is not None


def _check_role(access: Access, role: Role) -> Response | None:
    identity = current_identity()
    if identity is None:
        return _send_to_sign_in()
    if identity.token is not None:
        _check_scope(access, identity)
    if identity.must_change_password and not access.while_password_must_change:
        if _answers_pages():
            return redirect("/password", code=303)
        raise Forbidden("the password must be changed first", next_step="sign in with a browser and choose a new one")
    if identity.role < role:
        raise Forbidden(f"this needs the role {role.value}; {identity.name} is {identity.role.value}")
    return None


def _check_scope(access: Access, identity: Identity) -> None:
    needed = access.scope_for(request.method)
    if needed is None:
        raise Forbidden("no API token can do this", next_step="sign in with a name and a password")
    if identity.token is None or needed not in identity.token.scopes:
        raise Forbidden(f"this needs the scope {needed}, which {identity.name} has not", next_step="use another token")


def unauthorized() -> NoReturn:
    """Answer 401, and say by what an API is opened."""
    raise Unauthorized(www_authenticate=WWWAuthenticate("Bearer", {"realm": "Sereno"}))


def _send_to_sign_in() -> Response | None:
    if not _answers_pages() or bearer_text().startswith(tokens.PREFIX):
        unauthorized()
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    query = "?" + urlencode({"next": wanted}) if wanted else ""
    return redirect("/login" + query, code=303)


def _answers_pages() -> bool:
    """Whether the caller is a person's browser; programs and Nginx's own questions want a status, not a form."""
    return not request.path.startswith(("/api/", "/_gate/"))


def _check_forgery(*, form_token: bool) -> None:
    """Refuse what another site makes a reader's browser send.

    Browsers tell where a request comes from; where they do, that must be us. The form's token is needed besides.
    """
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site") == "cross-site" or (
        origin not in (None, "null") and urlsplit(origin).netloc != request.host
    ):
        raise CSRFError("The request comes from another site.")
    if form_token:
        current_app.extensions["csrf"].protect()


__all__ = [
    "SESSION_COOKIE",
    "UNSAFE_METHODS",
    "Access",
    "bearer",
    "current_identity",
    "current_identity_or_none",
    "declared_access",
    "init_app",
    "public",
    "require",
]
