"""What a view declares of its callers. `web/auth.py` checks it before every view, and gives these names on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from sereno.guard.model import Role
from sereno.guard.scopes import Scope

UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

View = TypeVar("View", bound=Callable[..., Any])

BY_METHOD: Literal["by method"] = "by method"


@dataclass(frozen=True, slots=True)
class Access:
    """What a view asks of its caller: nothing, a role (and of a token a scope), or the text of a secret.

    `scope` None: no API token opens the view.
    """

    role: Role | None = None
    secret: str | None = None
    scope: Scope | Literal["by method"] | None = None
    form_token: bool = True
    while_password_must_change: bool = False

    @property
    def is_public(self) -> bool:
        """Whether anyone may call the view."""
        return self.role is None and self.secret is None

    def scope_for(self, method: str) -> Scope | None:
        """The scope that an API token needs; None when no token will do."""
        if self.scope != BY_METHOD:
            return self.scope
        if self.role is Role.ADMIN:
            return Scope.ADMIN
        return None if method in UNSAFE_METHODS else Scope.READ


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


def require(
    role: Role, *, scope: str | None = BY_METHOD, while_password_must_change: bool = False
) -> Callable[[View], View]:
    """Only an identity with at least `role` may call this view: a signed-in one, or an API token that has `scope`.

    Left out, `scope` is `admin` for administrators' views, `read` for others that change nothing, and none for what
    changes something; None means: people only. While a password must be changed, everything but views declared so
    leads to `/password`.
    """
    needed = scope if scope is None or scope == BY_METHOD else Scope(scope)

    def declare(view: View) -> View:
        view.access = Access(  # type: ignore[attr-defined]
            role=role,
            scope=needed,
            while_password_must_change=while_password_must_change,
        )
        return view

    return declare


def bearer(secret: str, *, role: Role | None = None, scope: str | None = None) -> Callable[[View], View]:
    """Only a program that sends `Authorization: Bearer <text of that secret>` may call this view; no form token.

    With `role` and `scope`, an API token that has both will do as well; a session never does.
    """

    def declare(view: View) -> View:
        view.access = Access(secret=secret, role=role, scope=None if scope is None else Scope(scope))  # type: ignore[attr-defined]
        return view

    return declare


def declared_access(view: Callable[..., Any] | None) -> Access | None:
    """What a view declared, or None when it declared nothing."""
    return getattr(view, "access", None)
