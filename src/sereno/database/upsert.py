"""Insert-or-update of many rows in one statement, right on MySQL, MariaDB and SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session


def upsert(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, changes: Sequence[str]) -> None:
    """Insert `rows`; where the primary key is there already, set the columns `changes` to the row's values instead.

    All rows have the same columns. `ON DUPLICATE KEY UPDATE` is written with `VALUES()`: MySQL would rather have a row
    alias since 8.0.20, but MariaDB knows only this form.
    """
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        lite = sqlite_insert(table).values(list(rows))
        statement: Any = lite.on_conflict_do_update(
            index_elements=list(table.primary_key.columns), set_={name: lite.excluded[name] for name in changes}
        )
    else:
        mine = mysql_insert(table).values(list(rows))
        statement = mine.on_duplicate_key_update({name: mine.inserted[name] for name in changes})
    session.execute(statement)
