"""API tokens."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "api_token",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("token_sha256", exact_string(64), nullable=False),
        sa.Column("name", exact_string(48), nullable=False),
        sa.Column("taken_name", exact_string(48), nullable=True),
        sa.Column("scopes", exact_string(255), nullable=False),
        sa.Column("role", exact_string(16), nullable=False),
        sa.Column("user_id", BIG_KEY, nullable=True),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("last_address", exact_string(45), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(100), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_sha256", name="uq_api_token_token_sha256"),
        sa.UniqueConstraint("taken_name", name="uq_api_token_taken_name"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_api_token_user_id", "api_token", ["user_id"])


def downgrade() -> None:
    drop_table("api_token")
