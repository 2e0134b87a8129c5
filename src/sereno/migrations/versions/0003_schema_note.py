"""A note beside the schema's number: the oldest program that still works with it."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import TABLE_OPTIONS, exact_string
from sereno.migrations.steps import drop_table, ensure_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "schema_note",
        sa.Column("revision", exact_string(32), nullable=False),
        sa.Column("oldest_reader", exact_string(32), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_schema_note"),
        **TABLE_OPTIONS,
    )


def downgrade() -> None:
    drop_table("schema_note")
