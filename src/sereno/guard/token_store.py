"""Questions and changes with names, about API tokens, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from sereno.guard.tables import TokenRow, UserRow


def living(session: Session, *, token_sha256: str, now: datetime) -> tuple[TokenRow, UserRow | None] | None:
    """The living token with that fingerprint and its maker's active account (None: made on the command line).

    None when the token is unknown, has ended or was revoked, or its maker's account is gone or disabled.
    """
    found = session.execute(
        select(TokenRow, UserRow)
        .outerjoin(UserRow, and_(UserRow.id == TokenRow.user_id, UserRow.disabled.is_(False)))
        .where(
            TokenRow.token_sha256 == token_sha256,
            TokenRow.revoked_at.is_(None),
            or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now),
            or_(TokenRow.user_id.is_(None), UserRow.id.is_not(None)),
        )
    ).first()
    return None if found is None else (found[0], found[1])


def rows(session: Session, *, of_user: int | None) -> list[TokenRow]:
    """All tokens, or those that the account `of_user` has made, newest first."""
    statement = select(TokenRow).order_by(TokenRow.id.desc())
    if of_user is not None:
        statement = statement.where(TokenRow.user_id == of_user)
    return list(session.scalars(statement))


def row(session: Session, token_id: int) -> TokenRow | None:
    """The token with that number, or None."""
    return session.get(TokenRow, token_id)


def row_named(session: Session, name: str) -> TokenRow | None:
    """The token that has that name now, or None."""
    return session.scalar(select(TokenRow).where(TokenRow.taken_name == name))


def free_name(session: Session, name: str, *, now: datetime) -> None:
    """Take the name from a token that has ended by time."""
    session.execute(
        update(TokenRow).where(TokenRow.taken_name == name, TokenRow.expires_at <= now).values(taken_name=None)
    )


def revoke(session: Session, token_id: int, *, by: str, now: datetime) -> bool:
    """End the token for good, unless that was done before; whether it was done now."""
    result = session.execute(
        update(TokenRow)
        .where(TokenRow.id == token_id, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=by, taken_name=None)
    )
    return isinstance(result, CursorResult) and result.rowcount > 0


def living_of_user(session: Session, user_id: int) -> list[TokenRow]:
    """The account's tokens that were not revoked."""
    return list(session.scalars(select(TokenRow).where(TokenRow.user_id == user_id, TokenRow.revoked_at.is_(None))))


def note_use(session: Session, token_id: int, *, address: str, now: datetime, every: timedelta) -> None:
    """Write when and from where the token was last used, unless that was written less than `every` ago."""
    session.execute(
        update(TokenRow)
        .where(
            TokenRow.id == token_id,
            or_(TokenRow.last_used_at.is_(None), TokenRow.last_used_at <= now - every),
        )
        .values(last_used_at=now, last_address=address)
    )
