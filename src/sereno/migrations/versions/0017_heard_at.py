"""The index by which the moment of the last delivery is found without reading every series."""

from __future__ import annotations

from alembic import op

from sereno.migrations.steps import ensure_index

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_index("ix_alert_series_heard_at", "alert_series", ["heard_at"])


def downgrade() -> None:
    op.drop_index("ix_alert_series_heard_at", "alert_series")
