"""What every migration uses, so that it can be run again after it was killed half-way.

Neither MySQL nor MariaDB can undo DDL: a process that dies between a table and the note that the migration is done
leaves the table behind. Each step therefore looks first whether it has been taken.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


def ensure_table(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    """Make the table unless it exists. Indexes belong among `parts` by `sa.Index`, or after it by `ensure_index`."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **options)


def ensure_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """Make the index unless the table has one of that name."""
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns, unique=unique)


def ensure_column(table: str, column: sa.Column[Any]) -> None:
    """Add the column unless the table has it."""
    if column.name not in {present["name"] for present in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)


def drop_table(name: str) -> None:
    """Drop the table if it is there."""
    if sa.inspect(op.get_bind()).has_table(name):
        op.drop_table(name)
