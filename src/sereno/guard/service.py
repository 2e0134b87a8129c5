"""What the room can do. Each function works in the caller's transaction; whoever stands at the door commits."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from sereno.guard import store
from sereno.guard.model import Identity

IDLE = timedelta(hours=12)
"""A session unused for longer has ended."""

SEEN_EVERY = timedelta(minutes=1)
"""The last use is written at most this often: a page view should not cost a durable write."""


def fingerprint(token: str) -> str:
    """SHA-256 of a random token, in hexadecimal. Tokens hold 256 bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def identify(session: Session, token: str, *, now: datetime) -> Identity | None:
    """Who holds the session token, or None when it is unknown, ended, or its account is disabled."""
    found = store.active_session(session, token_sha256=fingerprint(token), now=now, idle=IDLE)
    if found is None:
        return None
    row, user = found
    if now - row.last_seen_at >= SEEN_EVERY:
        row.last_seen_at = now
    return Identity(
        user_id=user.id,
        name=user.name,
        role=store.role_of(user),
        language=user.language,
        must_change_password=user.must_change_password,
        session_id=row.id,
    )
