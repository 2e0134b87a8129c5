"""Sessions: beginning, recognising, listing and ending them. They live in the database, so what ends, ends at once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from sereno.guard import audit, store
from sereno.guard.errors import NoSuchSession
from sereno.guard.model import Actor, Identity, Role, SignedIn
from sereno.guard.tables import SessionRow, UserRow

IDLE = timedelta(hours=12)
"""A session unused for longer has ended."""

LIFETIME = timedelta(days=7)
"""A session ends after this, however busy it is."""

SEEN_EVERY = timedelta(minutes=1)
"""The last use is written at most this often: looking at a page should not cost a durable write."""


def fingerprint(token: str) -> str:
    """SHA-256 in hexadecimal. A token holds 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(session: Session, user: UserRow, *, address: str, user_agent: str, now: datetime) -> str:
    """Begin a session and answer its token, which is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    session.add(
        SessionRow(
            token_sha256=fingerprint(token),
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LIFETIME,
            address=address[:45],
            user_agent=user_agent[:200],
        )
    )
    return token


def identify(session: Session, token: str, *, now: datetime, is_use: bool = True) -> Identity | None:
    """Who holds the token, or None when it is unknown, has ended, or its account is disabled.

    `is_use` is False when a page refreshes itself: that keeps no idle session alive.
    """
    found = store.active_session(session, token_sha256=fingerprint(token), now=now, idle=IDLE)
    if found is None:
        return None
    row, user = found
    if is_use and now - row.last_seen_at >= SEEN_EVERY:
        row.last_seen_at = now
    return Identity(
        user_id=user.id,
        name=user.name,
        role=Role(user.role),
        language=user.language,
        must_change_password=user.must_change_password,
        session_id=row.id,
    )


def of(session: Session, identity: Identity, *, now: datetime) -> list[SignedIn]:
    """The living sessions of whoever asks, the last used first."""
    return store.sessions_of(session, identity.user_id, present_session_id=identity.session_id, now=now, idle=IDLE)


def end(session: Session, identity: Identity, session_id: int, *, actor: Actor, now: datetime) -> None:
    """End one's own session `session_id`. Raises NoSuchSession when it is not there or not one's own."""
    if not store.end_session(session, session_id=session_id, user_id=identity.user_id):
        raise NoSuchSession("that session has ended already", next_step="reload the list")
    audit.record(session, actor, "session.end", f"user:{identity.name}", now=now)


def end_by_token(session: Session, token: str) -> None:
    """End the session of that token, if there is one."""
    store.end_session_with(session, token_sha256=fingerprint(token))


def renew(session: Session, identity: Identity) -> str:
    """Give the present session another token, so that an old copy of it opens nothing; answers the new one."""
    token = secrets.token_urlsafe(32)
    row = session.get(SessionRow, identity.session_id)
    if row is None:
        raise NoSuchSession("your session has ended", next_step="sign in again")
    row.token_sha256 = fingerprint(token)
    return token


def end_others(session: Session, identity: Identity, *, actor: Actor, now: datetime) -> int:
    """End all of one's own sessions but the present one; how many."""
    ended = store.end_sessions(session, identity.user_id, but=identity.session_id)
    if ended:
        audit.record(session, actor, "session.end-others", f"user:{identity.name}", now=now, new={"ended": ended})
    return ended


def delete_ended(session: Session, *, now: datetime) -> int:
    """Remove sessions that have ended by time; how many."""
    return store.delete_ended_sessions(session, now=now, idle=IDLE)
