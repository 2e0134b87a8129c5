"""The table of settings that ran, by a hash of them: a change is told on the timelines of open incidents."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "settings_seen",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("fingerprint", exact_string(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings_seen"),
        **TABLE_OPTIONS,
    )


def downgrade() -> None:
    drop_table("settings_seen")
