"""Accounts, their sessions, failed sign-ins and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the four tables and their indexes, each unless it is there."""
    ensure_table(
        "user",
        sa.Column("id", BIG_KEY, primary_key=True, autoincrement=True),
        sa.Column("name", exact_string(64), nullable=False),
        sa.Column("role", exact_string(16), nullable=False),
        sa.Column("password_hash", exact_string(255), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("language", exact_string(2), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("password_changed_at", UtcDateTime(), nullable=False),
        sa.Column("last_sign_in_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("name", name="uq_user_name"),
        **TABLE_OPTIONS,
    )
    ensure_table(
        "user_session",
        sa.Column("id", BIG_KEY, primary_key=True, autoincrement=True),
        sa.Column("token_sha256", exact_string(64), nullable=False),
        sa.Column("user_id", BIG_KEY, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("address", exact_string(45), nullable=False),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_session"),
        sa.UniqueConstraint("token_sha256", name="uq_user_session_token_sha256"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_user_session_user_id", ondelete="CASCADE"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_user_session_user_id", "user_session", ["user_id"])
    ensure_index("ix_user_session_expires_at", "user_session", ["expires_at"])
    ensure_table(
        "login_failure",
        sa.Column("id", BIG_KEY, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("account_sha256", exact_string(64), nullable=False),
        sa.Column("address", exact_string(45), nullable=False),
        sa.Column("device", exact_string(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_login_failure"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_login_failure_account_sha256", "login_failure", ["account_sha256", "at"])
    ensure_index("ix_login_failure_address", "login_failure", ["address", "at"])
    ensure_index("ix_login_failure_at", "login_failure", ["at"])
    ensure_table(
        "audit_entry",
        sa.Column("id", BIG_KEY, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("address", exact_string(45), nullable=False),
        sa.Column("action", exact_string(64), nullable=False),
        sa.Column("subject", exact_string(128), nullable=False),
        sa.Column("old_values", sa.Text(), nullable=True),
        sa.Column("new_values", sa.Text(), nullable=True),
        sa.Column("request_id", exact_string(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_audit_entry_at", "audit_entry", ["at"])
    ensure_index("ix_audit_entry_subject", "audit_entry", ["subject", "at"])


def downgrade() -> None:
    """Remove the four tables, those that point to others first."""
    for name in ("audit_entry", "login_failure", "user_session", "user"):
        drop_table(name)
