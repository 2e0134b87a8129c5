"""The room's tables, as migration 0001 makes them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, Base, exact_string, key, maybe_moment, moment


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
    user_id: Mapped[int] = mapped_column(
        BIG_KEY, ForeignKey("user.id", ondelete="CASCADE", name="fk_user_session_user_id")
    )
    created_at: Mapped[moment]
    last_seen_at: Mapped[moment]
    expires_at: Mapped[moment]
    address: Mapped[str] = mapped_column(exact_string(45))
    user_agent: Mapped[str] = mapped_column(String(200))


class FailureRow(Base):
    """A sign-in that failed, or is being tried at this moment.

    Accounts are kept as fingerprints, since people type passwords into the wrong field; `address` is the client that
    `lockout.client` names; `device` is the known browser's number, None for an unknown one.
    """

    __tablename__ = "login_failure"
    __table_args__ = (
        Index("ix_login_failure_account_sha256", "account_sha256", "at"),
        Index("ix_login_failure_address", "address", "at"),
        Index("ix_login_failure_at", "at"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    at: Mapped[moment]
    account_sha256: Mapped[str] = mapped_column(exact_string(64))
    address: Mapped[str] = mapped_column(exact_string(45))
    device: Mapped[str | None] = mapped_column(exact_string(64))


class AuditRow(Base):
    """What somebody did. Rows are added and read, never changed; names stay readable after an account is gone."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_subject", "subject", "at"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    at: Mapped[moment]
    actor: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(exact_string(45))
    action: Mapped[str] = mapped_column(exact_string(64))
    subject: Mapped[str] = mapped_column(exact_string(128))
    old_values: Mapped[str | None] = mapped_column(Text)
    new_values: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(exact_string(64))
