"""Requests that may be sent twice and are carried out once (Idempotency-Key), in the caller's transaction.

1. `claim` notes that the request is under way, or answers what became of it before.
2. `mark_done` is called in the transaction that carries it out: both are stored, or neither.
3. `keep` stores the answer for those who send it again; `release` forgets a request that was refused or failed.

A process that dies before the second step leaves a claim that is taken over after a minute. If it lives and was only
slow, its own `mark_done` finds the claim gone and undoes what it did.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sereno.core.errors import Conflict
from sereno.guard.model import Identity
from sereno.guard.tables import RepeatRow

KEPT = timedelta(hours=24)
"""How long a key is remembered."""

DEAD_AFTER = timedelta(minutes=1)
"""No request takes so long: a claim that old belongs to a process that has died."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request by its key and its body, each as a fingerprint."""

    key_sha256: str
    body_sha256: str

    @classmethod
    def of(cls, identity: Identity, method: str, address: str, key: str, body: bytes) -> Wanted:
        """The same key of another sender, or for another address, is another key."""
        sender = f"token {identity.token.id}" if identity.token is not None else f"user {identity.user_id}"
        whole = "\n".join((sender, method, address, key))
        return cls(hashlib.sha256(whole.encode()).hexdigest(), hashlib.sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Claim:
    """The request is ours to carry out."""

    id: int
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered before; `body` is None when that was not kept."""

    status: int | None
    location: str | None
    body: str | None


class UnderWay(Conflict):
    """The same request is being carried out at this moment."""


class OtherRequest(Conflict):
    """The key was used with another body."""


def claim(session: Session, wanted: Wanted, *, now: datetime) -> Claim | Kept:
    """Begin the request, or answer what became of it. Raises UnderWay or OtherRequest."""
    session.execute(delete(RepeatRow).where(RepeatRow.begun_at <= now - KEPT))
    row = _found(session, wanted)
    if row is None:
        row = RepeatRow(key_sha256=wanted.key_sha256, body_sha256=wanted.body_sha256, begun_at=now)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError as error:
            raise _under_way() from error  # Somebody sent the same in this very moment.
        return Claim(row.id, now)
    if row.body_sha256 != wanted.body_sha256:
        raise OtherRequest("this key was used with another body", next_step="use a new key for each new request")
    if row.done_at is not None:
        return Kept(row.status, row.location, row.body)
    if row.begun_at > now - DEAD_AFTER or not _take_over(session, row, now):
        raise _under_way()
    return Claim(row.id, now)


def mark_done(session: Session, claimed: Claim, *, now: datetime) -> None:
    """Note that the request is carried out, in the same transaction. Raises UnderWay when another has taken it over."""
    done = update(RepeatRow).where(RepeatRow.id == claimed.id, RepeatRow.begun_at == claimed.begun_at)
    if not _changes_one(session, done.values(done_at=now)):
        raise _under_way()


def keep(session: Session, claimed: Claim, answer: Kept, *, now: datetime) -> None:
    """Store what is answered to whoever sends the request again; it counts as carried out, whatever it changed."""
    session.execute(
        update(RepeatRow)
        .where(RepeatRow.id == claimed.id, RepeatRow.begun_at == claimed.begun_at)
        .values(done_at=now, status=answer.status, location=answer.location, body=answer.body)
    )


def release(session: Session, claimed: Claim) -> None:
    """Forget a request that was not carried out: its key may be used again."""
    session.execute(
        delete(RepeatRow).where(
            RepeatRow.id == claimed.id, RepeatRow.begun_at == claimed.begun_at, RepeatRow.done_at.is_(None)
        )
    )


def _found(session: Session, wanted: Wanted) -> RepeatRow | None:
    return session.scalar(select(RepeatRow).where(RepeatRow.key_sha256 == wanted.key_sha256))


def _take_over(session: Session, row: RepeatRow, now: datetime) -> bool:
    mine = update(RepeatRow).where(
        RepeatRow.id == row.id, RepeatRow.begun_at == row.begun_at, RepeatRow.done_at.is_(None)
    )
    return _changes_one(session, mine.values(begun_at=now))


def _changes_one(session: Session, statement: object) -> bool:
    result = session.execute(statement)  # type: ignore[call-overload]
    return isinstance(result, CursorResult) and result.rowcount == 1


def _under_way() -> UnderWay:
    return UnderWay(
        "a request with this key is being carried out at this moment", next_step="wait a second, then send it again"
    )
