"""Questions and changes with names, about accounts, sessions and failed sign-ins, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sereno.guard.lockout import DEAD_AFTER, WINDOW, Failures, History
from sereno.guard.model import Role, SignedIn, User
from sereno.guard.tables import FailureRow, SessionRow, UserRow


def to_user(row: UserRow) -> User:
    """The account as a value."""
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        disabled=row.disabled,
        must_change_password=row.must_change_password,
        language=row.language,
        created_at=row.created_at,
        password_changed_at=row.password_changed_at,
        last_sign_in_at=row.last_sign_in_at,
    )


def users(session: Session) -> list[User]:
    """All accounts by name."""
    return [to_user(row) for row in session.scalars(select(UserRow).order_by(UserRow.name))]


def has_users(session: Session) -> bool:
    """Whether there is any account."""
    return session.scalar(select(UserRow.id).limit(1)) is not None


def user_row(session: Session, user_id: int) -> UserRow | None:
    """The account with that number, or None."""
    return session.get(UserRow, user_id)


def user_row_by_name(session: Session, name: str) -> UserRow | None:
    """The account with that folded name, or None."""
    return session.scalar(select(UserRow).where(UserRow.name == name))


def flush_unless_taken(session: Session) -> bool:
    """Send what is pending; False when a unique key refused it, which leaves the transaction fit only for rollback."""
    try:
        session.flush()
    except IntegrityError:
        return False
    return True


def lock_active_administrators(session: Session) -> list[int]:
    """The numbers of all active administrators, locked until the transaction ends.

    Two people who demote each other at the same moment would otherwise each see the other still in office.
    """
    statement = (
        select(UserRow.id)
        .where(UserRow.role == Role.ADMIN.value, UserRow.disabled.is_(False))
        .order_by(UserRow.id)
        .with_for_update()
    )
    return list(session.scalars(statement))


def active_session(
    session: Session, *, token_sha256: str, now: datetime, idle: timedelta
) -> tuple[SessionRow, UserRow] | None:
    """The living session with that fingerprint and its active account; None when either has ended."""
    found = session.execute(
        select(SessionRow, UserRow)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(
            SessionRow.token_sha256 == token_sha256,
            *_living(now, idle),
            UserRow.disabled.is_(False),
        )
    ).first()
    return None if found is None else (found[0], found[1])


def sessions_of(
    session: Session, user_id: int, *, present_session_id: int, now: datetime, idle: timedelta
) -> list[SignedIn]:
    """The account's living sessions, the last used first."""
    statement = (
        select(SessionRow)
        .where(SessionRow.user_id == user_id, *_living(now, idle))
        .order_by(SessionRow.last_seen_at.desc(), SessionRow.id.desc())
    )
    return [
        SignedIn(
            id=row.id,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            address=row.address,
            user_agent=row.user_agent,
            is_present=row.id == present_session_id,
        )
        for row in session.scalars(statement)
    ]


def end_session(session: Session, *, session_id: int, user_id: int) -> bool:
    """End one session of that account; whether there was one."""
    return _delete(session, SessionRow, SessionRow.id == session_id, SessionRow.user_id == user_id) > 0


def end_session_with(session: Session, *, token_sha256: str) -> None:
    """End the session with that fingerprint, if there is one."""
    _delete(session, SessionRow, SessionRow.token_sha256 == token_sha256)


def end_sessions(session: Session, user_id: int, *, but: int | None = None) -> int:
    """End all sessions of the account, except number `but`; how many."""
    conditions = [SessionRow.user_id == user_id]
    if but is not None:
        conditions.append(SessionRow.id != but)
    return _delete(session, SessionRow, *conditions)


def delete_ended_sessions(session: Session, *, now: datetime, idle: timedelta) -> int:
    """Remove what has ended by time; how many."""
    ended = or_(SessionRow.expires_at <= now, SessionRow.last_seen_at <= now - idle)
    return _delete(session, SessionRow, ended)


def failures(
    session: Session, *, account_sha256: str, address: str, device: str | None, now: datetime, settled: bool = False
) -> History:
    """What failed within the window, or is being tried, and bears on an attempt at that account from there.

    With `settled` without what is being tried at this moment.
    """
    account, place = FailureRow.account_sha256 == account_sha256, FailureRow.address == address
    unknown = FailureRow.device.is_(None)
    kept = [FailureRow.at > now - WINDOW]
    if settled:
        kept.append(or_(FailureRow.pending.is_(False), FailureRow.at <= now - DEAD_AFTER))
    return History(
        pair=_count(session, account, place, unknown, *kept),
        address=_count(session, place, unknown, *kept),
        account=_count(session, account, unknown, *kept),
        device=None if device is None else _count(session, account, FailureRow.device == device, *kept),
    )


def settle_failure(session: Session, failure_id: int) -> None:
    """The attempt has failed; it may have been forgotten already, when another one succeeded."""
    session.execute(update(FailureRow).where(FailureRow.id == failure_id).values(pending=False))


def withdraw_attempt(session: Session, failure_id: int) -> None:
    """The attempt was not made after all: no password was looked at."""
    _delete(session, FailureRow, FailureRow.id == failure_id, FailureRow.pending.is_(True))


def forget_failures(session: Session, *, account_sha256: str, address: str, device: str | None) -> None:
    """After a success: forget what failed at this account from this address and from this known browser."""
    place = FailureRow.address == address
    origin = place if device is None else or_(place, FailureRow.device == device)
    _delete(session, FailureRow, FailureRow.account_sha256 == account_sha256, origin)


def forget_all_failures(session: Session, *, account_sha256: str) -> None:
    """After a reset: forget what failed at this account, and from every address that tried it."""
    addresses = list(
        session.scalars(select(FailureRow.address).where(FailureRow.account_sha256 == account_sha256).distinct())
    )
    _delete(session, FailureRow, or_(FailureRow.account_sha256 == account_sha256, FailureRow.address.in_(addresses)))


def delete_old_failures(session: Session, *, now: datetime) -> int:
    """Remove failures that count no longer; how many."""
    return _delete(session, FailureRow, FailureRow.at <= now - WINDOW)


def _living(now: datetime, idle: timedelta) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SessionRow.expires_at > now, SessionRow.last_seen_at > now - idle


def _count(session: Session, *conditions: ColumnElement[bool]) -> Failures:
    statement = select(func.count(), func.max(FailureRow.at)).where(*conditions)
    count, last_at = session.execute(statement).one()
    return Failures(count, last_at)


def _delete(session: Session, table: type[SessionRow] | type[FailureRow], *conditions: ColumnElement[bool]) -> int:
    result = session.execute(delete(table).where(*conditions))
    return result.rowcount if isinstance(result, CursorResult) else 0
