"""Requests with an Idempotency-Key."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, LONG_TEXT, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "api_repeat",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("key_sha256", exact_string(64), nullable=False),
        sa.Column("body_sha256", exact_string(64), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("body", LONG_TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_repeat"),
        sa.UniqueConstraint("key_sha256", name="uq_api_repeat_key_sha256"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_api_repeat_begun_at", "api_repeat", ["begun_at"])


def downgrade() -> None:
    drop_table("api_repeat")
