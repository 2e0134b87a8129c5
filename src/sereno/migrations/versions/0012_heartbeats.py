"""Tables of heartbeats, and of since when the desk could take them."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "heartbeat",
        sa.Column("name", exact_string(64), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("grace_seconds", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(64), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("expected_since", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("missing_since", UtcDateTime(), nullable=True),
        sa.Column("incident_id", BIG_KEY, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
        **TABLE_OPTIONS,
    )
    ensure_table(
        "heartbeat_watch",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=False),
        sa.Column("up_since", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_heartbeat_watch"),
        **TABLE_OPTIONS,
    )


def downgrade() -> None:
    for table in ("heartbeat_watch", "heartbeat"):
        drop_table(table)
