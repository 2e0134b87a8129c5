"""Signing in, slowly for those who guess.

1. In one transaction: look at the failures so far, refuse when the next attempt has to wait, else note the attempt.
   Noting it first means that many guesses sent at once all count. When it would have to wait only for attempts that are
   being made at this moment, it is held up until those are known to have succeeded or failed: many who sign in at once
   from one address are no guessers.
2. Check the password, outside any transaction. An unknown name takes as long as a known one.
3. In another transaction: after a success forget the failures, begin a session, tell the audit trail; after a failure
   tell the audit trail, without the name when there is no such account: it may be a password.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from sqlalchemy.orm import Session

from sereno.core.errors import Unavailable
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit, hashing, lockout, sessions, store
from sereno.guard.errors import TooManyAttempts, WrongCredentials, WrongPassword
from sereno.guard.model import Actor, Identity, Role
from sereno.guard.tables import FailureRow, UserRow

PATIENCE_SECONDS = 5.0
"""So long an attempt is held up for others; a hash takes some 20 ms, one at a time in each process."""

PAUSE_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A browser that has signed in to an account before, as its signed cookie says."""

    user_id: int
    number: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody typed, and where they sit."""

    name: str
    password: str
    address: str
    user_agent: str
    device: KnownDevice | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """The outcome of a success: the session's token, and whose it is."""

    token: str
    user_id: int
    name: str
    role: Role
    language: str | None
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What is known of the account that was named; `name` also of a disabled one, None for an unknown one."""

    name: str | None
    user_id: int | None
    password_hash: str | None
    account: str
    client: str
    device: str | None
    failure_id: int = 0


class _Undecided(Exception):
    """Whether the attempt has to wait depends on others that are being made at this moment."""


def sign_in(database: Database, given: Credentials, *, now: datetime) -> Welcome:
    """Begin a session for the right name and password.

    Raises TooManyAttempts when the attempt has to wait, WrongCredentials when name or password are wrong or the
    account is disabled, Unavailable when the database does not answer or too many people sign in at once.
    """
    attempt = _admitted(database, given, now)
    if not _matches(database, attempt, given.password):
        in_one_transaction(database, lambda session: _tell_failure(session, attempt, given, now))
        raise _wrong()
    new_hash = None
    if attempt.password_hash is not None and hashing.is_outdated(attempt.password_hash):
        new_hash = hashing.hash_password(given.password)
    welcome = in_one_transaction(database, lambda session: _let_in(session, attempt, given, new_hash, now))
    if welcome is None:
        in_one_transaction(database, lambda session: store.settle_failure(session, attempt.failure_id))
        raise _wrong()
    return welcome


def confirm(database: Database, identity: Identity, password: str, *, address: str, now: datetime) -> None:
    """Make sure that whoever holds the session knows the account's password, before something that needs it.

    Guessing here is slowed like guessing at the door, with a count of the session's own. Raises WrongPassword,
    TooManyAttempts or Unavailable.
    """
    device = KnownDevice(identity.user_id, f"session {identity.session_id}")
    given = Credentials(identity.name, password, address, "", device)
    attempt = _admitted(database, given, now)
    if not _matches(database, attempt, password):
        in_one_transaction(database, lambda session: store.settle_failure(session, attempt.failure_id))
        raise WrongPassword("the present password is wrong", next_step="type the password you signed in with")
    in_one_transaction(database, lambda session: _forget(session, attempt))


def account_fingerprint(name: str) -> str:
    """What stands for a user name among the failures, whether or not there is such an account."""
    return sessions.fingerprint(name.strip().lower())


def _wrong() -> WrongCredentials:
    return WrongCredentials("name or password are wrong", next_step="check both; capital letters count in the password")


def _admitted(database: Database, given: Credentials, now: datetime) -> _Attempt:
    """The attempt, noted; held up while it depends on others that are being made."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return in_one_transaction(database, lambda session: _note_attempt(session, given, now))
        except _Undecided as undecided:
            if time.monotonic() > deadline:
                raise TooManyAttempts(1) from undecided
        # Uneven pauses, so that those who wait don't ask all at once.
        time.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- no secret, only unevenness.


def _matches(database: Database, attempt: _Attempt, password: str) -> bool:
    try:
        return hashing.matches(attempt.password_hash, password)
    except Unavailable:
        in_one_transaction(database, lambda session: store.withdraw_attempt(session, attempt.failure_id))
        raise


def _note_attempt(session: Session, given: Credentials, now: datetime) -> _Attempt:
    user = store.user_row_by_name(session, given.name.strip().lower()[:64])
    active = user if user is not None and not user.disabled else None
    attempt = _Attempt(
        name=user.name if user else None,
        user_id=active.id if active else None,
        password_hash=active.password_hash if active else None,
        account=account_fingerprint(given.name),
        client=lockout.client(given.address),
        device=given.device.number if given.device and active and given.device.user_id == active.id else None,
    )
    _refuse_or_hold_up(session, attempt, now)
    row = FailureRow(
        at=now, account_sha256=attempt.account, address=attempt.client, device=attempt.device, pending=True
    )
    session.add(row)
    session.flush()
    return replace(attempt, failure_id=row.id)


def _refuse_or_hold_up(session: Session, attempt: _Attempt, now: datetime) -> None:
    """Raises TooManyAttempts, or _Undecided when it is only attempts under way that would make this one wait."""

    def pause(*, settled: bool) -> float:
        history = store.failures(
            session,
            account_sha256=attempt.account,
            address=attempt.client,
            device=attempt.device,
            now=now,
            settled=settled,
        )
        return lockout.wait(history, now=now).total_seconds()

    if pause(settled=False):
        certain = pause(settled=True)
        if certain:
            raise TooManyAttempts(ceil(certain))
        raise _Undecided


def _tell_failure(session: Session, attempt: _Attempt, given: Credentials, now: datetime) -> None:
    """Known and unknown names cost the same statements, or their time would tell them apart."""
    store.settle_failure(session, attempt.failure_id)
    store.delete_old_failures(session, now=now)
    stranger = Actor("?", given.address, given.request_id)
    audit.record(session, stranger, "session.refused", f"user:{attempt.name or '?'}", now=now)


def _let_in(
    session: Session, attempt: _Attempt, given: Credentials, new_hash: str | None, now: datetime
) -> Welcome | None:
    user = store.user_row(session, attempt.user_id) if attempt.user_id is not None else None
    if user is None or user.disabled or user.password_hash != attempt.password_hash:
        return None  # Disabled, removed or reset while the password was being checked.
    _forget(session, attempt)
    sessions.delete_ended(session, now=now)
    user.last_sign_in_at = now
    if new_hash is not None:
        user.password_hash = new_hash
    token = sessions.begin(session, user, address=given.address, user_agent=given.user_agent, now=now)
    _record_success(session, user, given, now)
    return Welcome(token, user.id, user.name, Role(user.role), user.language, user.must_change_password)


def _forget(session: Session, attempt: _Attempt) -> None:
    store.forget_failures(session, account_sha256=attempt.account, address=attempt.client, device=attempt.device)


def _record_success(session: Session, user: UserRow, given: Credentials, now: datetime) -> None:
    actor = Actor(user.name, given.address, given.request_id, user.id)
    audit.record(session, actor, "session.begin", f"user:{user.name}", now=now)
