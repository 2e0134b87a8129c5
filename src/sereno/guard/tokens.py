"""API tokens: making, recognising, listing and revoking them, in the caller's transaction.

A token is shown once, when it is made; the database holds its SHA-256. Its text begins with `srn_`, so that scanners
for leaked secrets, and people, know one when they see it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from sereno.guard import audit, store, token_store
from sereno.guard.errors import NoSuchToken, TokenNameRefused, TokenNameTaken
from sereno.guard.model import Actor, Identity, PresentedToken, Role
from sereno.guard.scopes import Scope, accepted_end, accepted_scopes, granted, role_of
from sereno.guard.sessions import fingerprint
from sereno.guard.tables import TokenRow

PREFIX = "srn_"
NAME_MAX_LENGTH = 48
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,47}")

USED_EVERY = timedelta(minutes=1)
"""The last use is written at most this often, in a transaction of its own: with each delivery it halved their rate."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as others may see it: nothing of its text."""

    id: int
    name: str
    scopes: tuple[Scope, ...]
    role: Role
    made_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_address: str | None
    revoked_at: datetime | None
    revoked_by: str | None

    def state(self, now: datetime) -> Literal["active", "expired", "revoked"]:
        """What it is worth at `now`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes or looks at tokens: the role that none of theirs exceeds, and the account (None: command line)."""

    role: Role
    user_id: int | None
    latest_end: datetime | None = None

    @classmethod
    def of(cls, identity: Identity) -> Maker:
        """Whoever asks; with a token, one that makes no token which outlives it."""
        return cls(
            identity.role, identity.user_id or None, identity.token.expires_at if identity.token is not None else None
        )

    @property
    def sees(self) -> int | None:
        """Whose tokens they may see and revoke: their own account's; None: everyone's."""
        return None if self.role is Role.ADMIN else self.user_id


COMMAND_LINE = Maker(Role.ADMIN, None)
"""Who may read the desk's secrets on the server may do anything there."""


def make(
    session: Session,
    *,
    name: str,
    scopes: Iterable[str],
    days: int | None,
    maker: Maker,
    actor: Actor,
    now: datetime,
) -> tuple[Token, str]:
    """Make a token that ends after `days` (None: never); answers it and its text, which is kept nowhere.

    Raises TokenNameRefused, TokenNameTaken, ScopeRefused, ExpiryRefused, or Forbidden for more than the maker may.
    """
    name = accepted_token_name(name)
    wanted = accepted_scopes(scopes, maker=maker.role)
    end = accepted_end(days, maker=maker.role, latest=maker.latest_end, now=now)
    text = PREFIX + secrets.token_urlsafe(32)
    token_store.free_name(session, name, now=now)
    row = TokenRow(
        token_sha256=fingerprint(text),
        name=name,
        taken_name=name,
        scopes=" ".join(wanted),
        role=role_of(wanted).value,
        user_id=maker.user_id,
        made_by=actor.name[:100],
        created_at=now,
        expires_at=end,
    )
    if token_store.row_named(session, name) is not None:
        raise _taken(name)
    session.add(row)
    if not store.flush_unless_taken(session):
        raise _taken(name)
    made = to_token(row)
    audit.record(session, actor, "token.add", f"token:{name}", now=now, new=_visible(made))
    return made, text


def tokens(session: Session, maker: Maker) -> list[Token]:
    """The tokens that `maker` may see, newest first, those that have ended too."""
    return [to_token(row) for row in token_store.rows(session, of_user=maker.sees)]


def token(session: Session, token_id: int, maker: Maker) -> Token:
    """One of the tokens that `maker` may see. Raises NoSuchToken."""
    row = token_store.row(session, token_id)
    if row is None or (maker.sees is not None and row.user_id != maker.sees):
        raise NoSuchToken(f"there is no token number {token_id}", next_step="reload the list of tokens")
    return to_token(row)


def token_named(session: Session, name: str) -> Token:
    """The living token of that name. Raises NoSuchToken."""
    row = token_store.row_named(session, name.strip().lower())
    if row is None:
        raise NoSuchToken(f"there is no token {name!r}", next_step="./sereno token list shows all of them")
    return to_token(row)


def revoke(session: Session, token_id: int, maker: Maker, *, actor: Actor, now: datetime) -> Token:
    """End a token at once and for good; one that was revoked before stays as it is. Raises NoSuchToken."""
    gone = token(session, token_id, maker)
    if token_store.revoke(session, token_id, by=actor.name[:100], now=now):
        audit.record(session, actor, "token.revoke", f"token:{gone.name}", now=now, old=_visible(gone))
    return token(session, token_id, maker)


def revoke_all_of(session: Session, user_id: int, *, actor: Actor, now: datetime) -> None:
    """End every token of an account that is disabled or removed."""
    for row in token_store.living_of_user(session, user_id):
        gone = to_token(row)
        if token_store.revoke(session, row.id, by=actor.name[:100], now=now):
            audit.record(session, actor, "token.revoke", f"token:{gone.name}", now=now, old=_visible(gone))


def identify(session: Session, text: str, *, now: datetime) -> tuple[Identity, bool] | None:
    """Who holds the token, and whether its use is worth writing down (`note_use`); None when it opens nothing.

    Its role is never more than its maker's is at this moment.
    """
    found = token_store.living(session, token_sha256=fingerprint(text), now=now)
    if found is None:
        return None
    row, user = found
    role = Role(row.role)
    identity = Identity(
        user_id=row.user_id or 0,
        name=f"token:{row.name}",
        role=role if user is None else min(role, Role(user.role)),
        language=None,
        must_change_password=False,
        session_id=0,
        token=PresentedToken(row.id, frozenset(granted(to_token(row).scopes)), row.expires_at),
    )
    return identity, row.last_used_at is None or now - row.last_used_at >= USED_EVERY


def note_use(session: Session, token_id: int, *, address: str, now: datetime) -> None:
    """Write when and from where the token was used, at most once a minute."""
    token_store.note_use(session, token_id, address=address[:45], now=now, every=USED_EVERY)


def accepted_token_name(text: str) -> str:
    """The name that `text` means, in lower case. Raises TokenNameRefused: names stand in lists, logs and the trail."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise TokenNameRefused(
            f"{text!r} cannot be the name of a token",
            next_step=f"use 1 to {NAME_MAX_LENGTH} of the letters a-z, digits and . _ @ -, "
            "beginning with a letter or digit",
        )
    return name


def to_token(row: TokenRow) -> Token:
    """The token as a value."""
    return Token(
        id=row.id,
        name=row.name,
        # A scope of a newer program, left behind when an older one runs again, opens nothing here.
        scopes=tuple(scope for scope in Scope if scope.value in row.scopes.split()),
        role=Role(row.role),
        made_by=row.made_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        last_address=row.last_address,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )


def _visible(token: Token) -> dict[str, object]:
    end = None if token.expires_at is None else token.expires_at.isoformat(timespec="minutes")
    return {"scopes": " ".join(token.scopes), "role": token.role.value, "expires_at": end}


def _taken(name: str) -> TokenNameTaken:
    return TokenNameTaken(f"a token named {name} is in use", next_step="choose another name, or revoke that one first")
