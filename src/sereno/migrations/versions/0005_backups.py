"""Tables of backups: what the folder holds, as the worker tells it, and what people have asked for."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "backup_told",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backup_told"),
        **TABLE_OPTIONS,
    )
    ensure_table(
        "backup_order",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backup_order"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_backup_order_ended_at", "backup_order", ["ended_at"])


def downgrade() -> None:
    for table in ("backup_order", "backup_told"):
        drop_table(table)
