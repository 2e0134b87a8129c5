"""Which alerts another sender than this system's own Alertmanager delivered."""

from __future__ import annotations

import sqlalchemy as sa

from sereno.migrations.steps import ensure_column

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default of the server's, so that the older program can go on inserting.
    ensure_column("alert", sa.Column("foreign_sender", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """The column stays: a default of the server's hinders nobody."""
