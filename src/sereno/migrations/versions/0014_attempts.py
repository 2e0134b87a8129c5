"""Whether a sign-in is still being tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sereno.migrations.steps import ensure_column

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """With a default of the server's own: an older program that still runs names no such column."""
    ensure_column("login_failure", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("login_failure", "pending")
