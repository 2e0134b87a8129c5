"""Tables of notices: the outbox, and every attempt to send."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, UtcDateTime, exact_string
from sereno.migrations.steps import drop_table, ensure_index, ensure_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "notice",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("incident_id", BIG_KEY, nullable=True),
        sa.Column("channel", exact_string(40), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("joined_to", BIG_KEY, nullable=True),
        sa.Column("words", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_notice_state_next_try_at", "notice", ["state", "next_try_at"])
    ensure_index("ix_notice_incident_id_channel", "notice", ["incident_id", "channel"])
    ensure_index("ix_notice_channel_sent_at", "notice", ["channel", "sent_at"])
    ensure_index("ix_notice_joined_to", "notice", ["joined_to"])
    ensure_table(
        "notice_attempt",
        sa.Column("id", BIG_KEY, nullable=False, autoincrement=True),
        sa.Column("notice_id", BIG_KEY, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", exact_string(16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_attempt"),
        **TABLE_OPTIONS,
    )
    ensure_index("ix_notice_attempt_notice_id", "notice_attempt", ["notice_id"])


def downgrade() -> None:
    for table in ("notice_attempt", "notice"):
        drop_table(table)
