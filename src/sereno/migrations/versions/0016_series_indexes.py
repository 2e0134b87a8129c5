"""Indexes by which lists of alerts are filtered by instance and by severity."""

from __future__ import annotations

from alembic import op

from sereno.migrations.steps import ensure_index

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("instance", "severity"):
        ensure_index(f"ix_alert_series_{column}", "alert_series", [column])


def downgrade() -> None:
    for column in ("instance", "severity"):
        op.drop_index(f"ix_alert_series_{column}", "alert_series")
