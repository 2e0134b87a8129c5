"""The tables of accounts, sessions, failed sign-ins and the audit trail, and questions with names."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, Base, exact_string, key, maybe_moment, moment
from sereno.guard.model import Role


class UserRow(Base):
    """An account. `name` is folded to lower case, so that it is unique whatever the collation."""

    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("name"), TABLE_OPTIONS)

    id: Mapped[key]
    name: Mapped[str] = mapped_column(exact_string(64))
    role: Mapped[str] = mapped_column(exact_string(16))
    password_hash: Mapped[str] = mapped_column(exact_string(255))
    must_change_password: Mapped[bool]
    disabled: Mapped[bool]
    language: Mapped[str | None] = mapped_column(exact_string(2))
    created_at: Mapped[moment]
    password_changed_at: Mapped[moment]
    last_sign_in_at: Mapped[maybe_moment]


class SessionRow(Base):
    """A signed-in browser. Only the fingerprint of its token is kept, so the table opens no door."""

    __tablename__ = "user_session"
    __table_args__ = (
        UniqueConstraint("token_sha256"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    token_sha256: Mapped[str] = mapped_column(exact_string(64))
    user_id: Mapped[int] = mapped_column(BIG_KEY, ForeignKey("user.id", ondelete="CASCADE"))
    created_at: Mapped[moment]
    last_seen_at: Mapped[moment]
    expires_at: Mapped[moment]
    address: Mapped[str] = mapped_column(exact_string(45))
    user_agent: Mapped[str] = mapped_column(String(200))


class FailureRow(Base):
    """A sign-in that failed, or is being tried. Names are kept as fingerprints: people type passwords there."""

    __tablename__ = "login_failure"
    __table_args__ = (
        Index(None, "account_sha256", "at"),
        Index(None, "origin", "at"),
        Index(None, "at"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    at: Mapped[moment]
    account_sha256: Mapped[str] = mapped_column(exact_string(64))
    origin: Mapped[str] = mapped_column(exact_string(80))


class AuditRow(Base):
    """What somebody did. Rows are added and read, never changed; names stay readable after an account is gone."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "at"), Index(None, "subject", "at"), TABLE_OPTIONS)

    id: Mapped[key]
    at: Mapped[moment]
    actor: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(exact_string(45))
    action: Mapped[str] = mapped_column(exact_string(64))
    subject: Mapped[str] = mapped_column(exact_string(128))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(exact_string(64))


def active_session(
    session: Session, *, token_sha256: str, now: datetime, idle: timedelta
) -> tuple[SessionRow, UserRow] | None:
    """The living session with that fingerprint and its active account; None when either has ended."""
    found = session.execute(
        select(SessionRow, UserRow)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(
            SessionRow.token_sha256 == token_sha256,
            SessionRow.expires_at > now,
            SessionRow.last_seen_at > now - idle,
            UserRow.disabled.is_(False),
        )
    ).first()
    return None if found is None else (found[0], found[1])


def role_of(row: UserRow) -> Role:
    """The account's role as a value."""
    return Role(row.role)
