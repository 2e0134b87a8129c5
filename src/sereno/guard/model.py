"""Who may: roles, accounts, identities, and the rules about them. Values and pure functions only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import total_ordering

from sereno.core.text import LANGUAGES
from sereno.guard.errors import LastAdministrator, NameRefused, OwnAccount

NAME_PATTERN = r"[a-z0-9][a-z0-9._@-]{1,63}"
NAME_MAX_LENGTH = 64
_NAME = re.compile(NAME_PATTERN)


@total_ordering
class Role(Enum):
    """What an account may do; each role includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        order = list(Role)
        return order.index(self) < order.index(other)


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """The API token that a request came with: what it may be used for (with what that includes), and its end."""

    id: int
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: an active account, as the present session found it, or a living API token.

    `session_id` is 0 for a token; `user_id` is then its maker's, or 0 when it was made on the command line.
    """

    user_id: int
    name: str
    role: Role
    language: str | None
    must_change_password: bool
    session_id: int
    token: PresentedToken | None = None


@dataclass(frozen=True, slots=True)
class User:
    """An account as others may see it: nothing of its password."""

    id: int
    name: str
    role: Role
    disabled: bool
    must_change_password: bool
    language: str | None
    created_at: datetime
    password_changed_at: datetime
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change about an account; None leaves a field as it is, `language=""` clears it."""

    name: str | None = None
    role: Role | None = None
    language: str | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One of an account's living sessions, for its owner to recognise."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    is_present: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where, in which request: for the audit trail."""

    name: str
    address: str
    request_id: str | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did. `old` and `new` hold the fields that changed, never a secret."""

    id: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    old: dict[str, object] = field(default_factory=dict)
    new: dict[str, object] = field(default_factory=dict)
    request_id: str | None = None


def accepted_name(text: str) -> str:
    """The user name that `text` means: trimmed, in lower case.

    Raises NameRefused unless it has 2 to 64 signs of a-z, 0-9 and `. _ @ -` and begins with a letter or digit:
    names stand in addresses, headers and logs.
    """
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise NameRefused(
            f"{text!r} cannot be a user name",
            next_step="use 2 to 64 of the letters a-z, digits and . _ @ -, beginning with a letter or digit",
        )
    return name


def accepted_language(text: str | None) -> str | None:
    """The preferred language, or None for no preference. Anything that Sereno does not speak counts as none."""
    return text if text in LANGUAGES else None


def after(user: User, change: UserChange) -> User:
    """The account as it will be after `change`."""
    return replace(
        user,
        name=user.name if change.name is None else change.name,
        role=user.role if change.role is None else change.role,
        language=user.language if change.language is None else accepted_language(change.language),
        disabled=user.disabled if change.disabled is None else change.disabled,
    )


def refuse_loss(user: User, becomes: User | None, *, actor: Actor, other_active_administrators: int) -> None:
    """Keep an administrator: refuse a change (`becomes`) or removal (None) of `user` that would leave none.

    Raises OwnAccount when people would take from themselves what they need, LastAdministrator when nobody is left.
    """
    if becomes is not None and not becomes.disabled and becomes.role >= user.role:
        return
    if actor.user_id == user.id:
        raise OwnAccount(
            f"{user.name} is your own account",
            next_step="let another administrator do it",
        )
    stays_administrator = becomes is not None and not becomes.disabled and becomes.role is Role.ADMIN
    is_administrator = user.role is Role.ADMIN and not user.disabled
    if is_administrator and not stays_administrator and other_active_administrators == 0:
        raise LastAdministrator(
            f"{user.name} is the last active administrator",
            next_step="make another account administrator first",
        )
