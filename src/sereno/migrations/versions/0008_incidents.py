"""Tables of incidents, their components and timelines; and which incident an alert belongs to."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_column, ensure_index, ensure_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "incident",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("title_es", sa.String(255), nullable=False),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("severity", sa.String(64), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("detected_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.String(100), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.String(100), nullable=True),
        sa.Column("owner", exact_string(64), nullable=True),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("flapping", sa.Boolean(), nullable=False),
        sa.Column("opened_by", sa.String(100), nullable=False),
        sa.Column("rule", sa.String(255), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("family", exact_string(64), nullable=True),
        sa.Column("slot", exact_string(64), nullable=True),
        sa.Column("host", exact_string(64), nullable=True),
        sa.Column("merged_into", BIG_KEY, nullable=True),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("news", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
        sa.UniqueConstraint("slot", name="uq_incident_slot"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_incident_family_resolved_at", "incident", ["family", "resolved_at"])
    ensure_index("ix_incident_opened_at", "incident", ["opened_at"])
    for column in ("state", "severity", "owner", "flapping", "public"):
        ensure_index(f"ix_incident_{column}_opened_at", "incident", [column, "opened_at"])
    ensure_index("ix_incident_host_state", "incident", ["host", "state"])
    ensure_index("ix_incident_news", "incident", ["news"])
    ensure_table(
        "incident_component",
        sa.Column("incident_id", BIG_KEY, nullable=False, autoincrement=False),
        sa.Column("component", exact_string(64), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "component", name="pk_incident_component"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_incident_component_component", "incident_component", ["component", "opened_at", "incident_id"])
    ensure_table(
        "incident_event",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("incident_id", BIG_KEY, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", exact_string(32), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident_event"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_incident_event_incident_id", "incident_event", ["incident_id", "id"])
    ensure_index("ix_incident_event_pending", "incident_event", ["pending", "id"])
    ensure_column("alert", sa.Column("incident_id", BIG_KEY, nullable=True))
    ensure_index("ix_alert_incident_id_ended_at", "alert", ["incident_id", "ended_at"])
    ensure_index("ix_alert_incident_id_began_at", "alert", ["incident_id", "began_at"])


def downgrade() -> None:
    for table in ("incident_event", "incident_component", "incident"):
        drop_table(table)
