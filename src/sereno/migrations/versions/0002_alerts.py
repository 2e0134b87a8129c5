"""Tables of alerts: fingerprints, what was told of them, and the alerts that people see."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "alert_series",
        sa.Column("fingerprint", exact_string(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("severity", sa.String(64), nullable=False),
        sa.Column("instance", sa.String(255), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_alert_series"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_alert_series_name", "alert_series", ["name"])
    ensure_table(
        "alert_report",
        sa.Column("fingerprint", exact_string(64), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("firing_seen_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", "starts_at", name="pk_alert_report"),
        sa.ForeignKeyConstraint(["fingerprint"], ["alert_series.fingerprint"], name="fk_alert_report_fingerprint"),
        **TABLE_OPTIONS,
    )
    ensure_table(
        "alert",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("fingerprint", exact_string(64), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(16), nullable=True),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("generator_url", sa.Text(), nullable=False),
        sa.Column("missed_polls", sa.Integer(), nullable=False),
        sa.Column("missing_since", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.ForeignKeyConstraint(["fingerprint"], ["alert_series.fingerprint"], name="fk_alert_fingerprint"),
        sa.UniqueConstraint("fingerprint", "began_at", name="uq_alert_fingerprint_began_at"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_alert_fingerprint_ended_at", "alert", ["fingerprint", "ended_at"])
    ensure_index("ix_alert_ended_at_began_at", "alert", ["ended_at", "began_at"])
    ensure_index("ix_alert_began_at", "alert", ["began_at"])


def downgrade() -> None:
    for table in ("alert", "alert_report", "alert_series"):
        drop_table(table)
