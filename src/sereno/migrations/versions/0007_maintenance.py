"""The table of scheduled maintenance."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "maintenance",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("title_es", sa.String(120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_es", sa.Text(), nullable=False),
        sa.Column("begins_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_maintenance_ends_at", "maintenance", ["ends_at"])
    ensure_index("ix_maintenance_begins_at", "maintenance", ["begins_at"])


def downgrade() -> None:
    drop_table("maintenance")
