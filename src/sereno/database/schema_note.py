"""Which older programs still work with a schema, noted in the database by the program that made it.

An upgrade that does not become healthy is taken back; the older program then meets a schema that it does not know.
Almost every migration only adds, and then it may go on. A migration that an older program would not survive says so by
`oldest_reader`, the number of the first schema whose program does.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

import sereno.migrations.versions
from sereno.database.base import TABLE_OPTIONS, Base, exact_string

FIRST = "0001"


class NoteRow(Base):
    """The one note: of the schema that the database has."""

    __tablename__ = "schema_note"
    __table_args__ = TABLE_OPTIONS

    revision: Mapped[str] = mapped_column(exact_string(32), primary_key=True)
    oldest_reader: Mapped[str] = mapped_column(exact_string(32))


def declared() -> Mapping[str, str]:
    """Revision → the oldest reader that its migration declares; those that only add declare none."""
    modules = (
        importlib.import_module(f"{sereno.migrations.versions.__name__}.{each.name}")
        for each in pkgutil.iter_modules(sereno.migrations.versions.__path__)
    )
    return {module.revision: module.oldest_reader for module in modules if hasattr(module, "oldest_reader")}


def note(engine: Engine, revision: str, oldest_reader: str) -> None:
    """Write the note for `revision` in the place of any other."""
    with engine.begin() as connection:
        connection.execute(delete(NoteRow))
        connection.execute(insert(NoteRow).values(revision=revision, oldest_reader=oldest_reader))


def oldest_reader(engine: Engine, revision: str) -> str | None:
    """What is noted for `revision`, None when nothing is: a note for another one says nothing of this one."""
    try:
        with engine.connect() as connection:
            return connection.scalar(select(NoteRow.oldest_reader).where(NoteRow.revision == revision))
    except DBAPIError:
        return None  # The table is younger than the schema; or the database is away, which others tell.
