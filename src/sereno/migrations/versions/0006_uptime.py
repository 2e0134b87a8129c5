"""Tables of daily sums of uptime, which Prometheus does not keep for long."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "uptime_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("component", exact_string(64), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("up", "down", "unmeasured", "maintenance")),
        sa.PrimaryKeyConstraint("day", "component", name="pk_uptime_day"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_uptime_day_component_day", "uptime_day", ["component", "day"])
    ensure_table(
        "uptime_rolled",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rolled_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_uptime_rolled"),
        **TABLE_OPTIONS,
    )


def downgrade() -> None:
    for table in ("uptime_rolled", "uptime_day"):
        drop_table(table)
