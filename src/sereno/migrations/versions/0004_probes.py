"""The table of probes that are added at the desk."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "probe",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("name", exact_string(40), nullable=False),
        sa.Column("kind", exact_string(8), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("title_es", sa.String(80), nullable=False),
        sa.Column("status", sa.JSON(), nullable=False),
        sa.Column("contains", sa.String(200), nullable=False),
        sa.Column("certificate_days", sa.Integer(), nullable=False),
        sa.Column("verify", sa.Boolean(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(40), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("address", exact_string(45), nullable=False),
        sa.Column("refused", exact_string(16), nullable=False),
        sa.Column("looked_up_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_probe"),
        sa.UniqueConstraint("name", name="uq_probe_name"),
        **TABLE_OPTIONS,
    )


def downgrade() -> None:
    drop_table("probe")
