"""The room's tables, as the migrations make them."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import (
    BIG_KEY,
    LONG_TEXT,
    TABLE_OPTIONS,
    Base,
    exact_string,
    key,
    maybe_moment,
    moment,
)


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
    """A sign-in that failed, or (`pending`) is being tried at this moment.

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
    pending: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class TokenRow(Base):
    """An API token. Only its fingerprint is kept; `taken_name` is its name while no other may have it.

    `user_id` is None for a token made on the command line. Not a foreign key: what became of a token is still told
    when its maker's account is gone.
    """

    __tablename__ = "api_token"
    __table_args__ = (
        UniqueConstraint("token_sha256"),
        UniqueConstraint("taken_name"),
        Index("ix_api_token_user_id", "user_id"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    token_sha256: Mapped[str] = mapped_column(exact_string(64))
    name: Mapped[str] = mapped_column(exact_string(48))
    taken_name: Mapped[str | None] = mapped_column(exact_string(48))
    scopes: Mapped[str] = mapped_column(exact_string(255))
    role: Mapped[str] = mapped_column(exact_string(16))
    user_id: Mapped[int | None] = mapped_column(BIG_KEY)
    made_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[moment]
    expires_at: Mapped[maybe_moment]
    last_used_at: Mapped[maybe_moment]
    last_address: Mapped[str | None] = mapped_column(exact_string(45))
    revoked_at: Mapped[maybe_moment]
    revoked_by: Mapped[str | None] = mapped_column(String(100))


class RepeatRow(Base):
    """A request with an Idempotency-Key: who sent what with which key, whether it was carried out, and the answer.

    `key_sha256` stands for sender, method, address and key. `done_at` is written in the transaction that carries the
    request out; without it and a minute old, the process has died.
    """

    __tablename__ = "api_repeat"
    __table_args__ = (UniqueConstraint("key_sha256"), Index("ix_api_repeat_begun_at", "begun_at"), TABLE_OPTIONS)

    id: Mapped[key]
    key_sha256: Mapped[str] = mapped_column(exact_string(64))
    body_sha256: Mapped[str] = mapped_column(exact_string(64))
    begun_at: Mapped[moment]
    done_at: Mapped[maybe_moment]
    status: Mapped[int | None] = mapped_column(Integer)
    location: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(LONG_TEXT)


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
