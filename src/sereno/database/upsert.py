"""Insert-or-update of many rows in one statement, right on MySQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, FromClause, Table
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session


def upsert(session: Session, table: FromClause, rows: Sequence[Mapping[str, Any]], *, changes: Sequence[str]) -> None:
    """Insert `rows`; where the primary key is there already, set the columns `changes` to the row's values instead.

    All rows have the same columns. The driver sends them as one statement with many rows.
    """
    if rows:
        connection = session.connection()
        connection.execute(_statement(table, tuple(changes), connection.dialect.name), [dict(row) for row in rows])


@lru_cache(maxsize=64)
def _statement(table: FromClause, changes: tuple[str, ...], dialect: str) -> Executable:
    """Built once: building and compiling it costs more than the database takes to run it.

    `ON DUPLICATE KEY UPDATE` is written with `VALUES()`: MySQL would rather have a row alias since 8.0.20, but MariaDB
    knows only this form.
    """
    assert isinstance(table, Table)  # noqa: S101 -- what a mapped class's `__table__` is, told to the type checker.
    if dialect == "sqlite":
        lite = sqlite_insert(table)
        return lite.on_conflict_do_update(
            index_elements=list(table.primary_key.columns), set_={name: lite.excluded[name] for name in changes}
        )
    mine = mysql_insert(table)
    return mine.on_duplicate_key_update({name: mine.inserted[name] for name in changes})
