"""Who may do what, checked before every view; and the one place that establishes who asks.

Every view declares its access: `@public`, `@require(Role.…)` or `@bearer("secret-name")`. A view without a
declaration is refused, so forgetting it shows at once instead of opening a door.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from urllib.parse import urlencode, urlsplit

from flask import Flask, abort, current_app, g, redirect, request
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from sereno.core.errors import Forbidden, Unavailable
from sereno.database.retry import in_one_transaction
from sereno.database.room import NoRoom
from sereno.guard import sessions
from sereno.guard.model import Identity, Role
from sereno.web.desk import desk

SESSION_COOKIE = "sereno_session"
"""Without the `__Host-` prefix: Nginx reads this cookie by name, and its variables can't hold a hyphen."""

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """What a view asks of its caller: nothing, a role, or a bearer token that is the text of a secret."""

    role: Role | None = None
    secret: str | None = None
    form_token: bool = True
    while_password_must_change: bool = False

    @property
    def is_public(self) -> bool:
        """Whether anyone may call the view."""
        return self.role is None and self.secret is None


@overload
def public(view: View) -> View: ...
@overload
def public(*, form_token: bool) -> Callable[[View], View]: ...
def public(view: View | None = None, *, form_token: bool = True) -> View | Callable[[View], View]:
    """Anyone may call this view (`@public`). What it changes needs a form token, unless it says `form_token=False`.

    That is right only for what another site's form cannot send, such as a body of JSON.
    """

    def declare(view: View) -> View:
        view.access = Access(form_token=form_token)  # type: ignore[attr-defined]
        return view

    return declare if view is None else declare(view)


def require(role: Role, *, while_password_must_change: bool = False) -> Callable[[View], View]:
    """Only a signed-in identity with at least `role` may call this view.

    While a password must be changed, everything but views declared so leads to `/password`.
    """

    def declare(view: View) -> View:
        view.access = Access(role=role, while_password_must_change=while_password_must_change)  # type: ignore[attr-defined]
        return view

    return declare


def bearer(secret: str) -> Callable[[View], View]:
    """Only a program that sends `Authorization: Bearer <text of that secret>` may call this view; no form token."""

    def declare(view: View) -> View:
        view.access = Access(secret=secret)  # type: ignore[attr-defined]
        return view

    return declare


def declared_access(view: Callable[..., Any] | None) -> Access | None:
    """What a view declared, or None when it declared nothing."""
    return getattr(view, "access", None)


def current_identity() -> Identity | None:
    """Who asks, or None for a stranger. The only place that establishes an identity; asked once per request.

    Raises Unavailable when there is a session cookie and the database can't be asked.
    """
    if "identity" not in g:
        token = request.cookies.get(SESSION_COOKIE)
        g.identity = _identity_of_session(token) if token else None
    return g.identity  # type: ignore[no-any-return]


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
    if access.secret is not None:
        _check_bearer(access.secret)
        return None
    refusal = None if access.role is None else _check_role(access, access.role)
    if refusal is None and request.method in UNSAFE_METHODS:
        _check_forgery(form_token=access.form_token)
    return refusal


def _check_bearer(secret: str) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = desk().surroundings.secret(secret)
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected.encode()):
        abort(401)


def _check_role(access: Access, role: Role) -> Response | None:
    identity = current_identity()
    if identity is None:
        return _send_to_sign_in()
    if identity.must_change_password and not access.while_password_must_change:
        if _answers_pages():
            return redirect("/password", code=303)
        raise Forbidden("the password must be changed first", next_step="sign in with a browser and choose a new one")
    if identity.role < role:
        raise Forbidden(f"this needs the role {role.value}; {identity.name} is {identity.role.value}")
    return None


def _send_to_sign_in() -> Response | None:
    if not _answers_pages():
        abort(401)
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
