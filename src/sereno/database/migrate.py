"""Brings the schema up to what this program works with. Safe when two processes start together or one dies half-way.

1. Take the lock; whoever comes second waits and then finds nothing left to do.
2. Look at the schema; one that a later program made is refused, untouched.
3. Run what is missing. Each migration is small and looks before each step, since DDL cannot be rolled back.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

import sereno.migrations
from sereno.core.errors import Conflict, SerenoError, Unavailable
from sereno.database.locks import held
from sereno.database.schema import head_revision, is_newer, known_revisions, present_revision, works_with
from sereno.database.schema_note import FIRST, declared, note
from sereno.database.session import connect_arguments

LOCK_PURPOSE = "migrate"
LOCK_SECONDS = 60
"""How long a second starter waits for the first; migrations of a one-machine system take seconds."""

_STATEMENT_SECONDS = 600
_TABLE_WAIT_SECONDS = 30
"""A migration behind a long transaction gives up rather than make every other query queue up behind it."""


class SchemaTooNew(Conflict):
    """A later version of the program has already changed this database."""


def migrate(engine: Engine) -> tuple[str, ...]:
    """Run the migrations that `engine`'s database lacks; answers their numbers, oldest first.

    Raises SchemaTooNew when the schema is newer than the program, Unavailable when the database does not answer or
    another starter keeps the lock, and SerenoError naming the migration when one fails.
    """
    patient = _patient(engine)
    try:
        with held(patient, LOCK_PURPOSE, wait_seconds=LOCK_SECONDS):
            before = present_revision(patient)
            if works_with(patient, before):
                return ()
            refuse_newer(before)
            missing = tuple(number for number in known_revisions() if before is None or number > before)
            for number in missing:
                _upgrade(patient, number)
            note(patient, head_revision(), max([FIRST, *declared().values()]))
            return missing
    except OperationalError as error:
        raise Unavailable(
            f"the database does not answer: {error.orig}",
            next_step="look at ./sereno status and ./sereno logs mysql",
        ) from error
    finally:
        if patient is not engine:
            patient.dispose()


def refuse_newer(revision: str | None) -> None:
    """Raise SchemaTooNew when `revision` is one that only a later program can have made."""
    if is_newer(revision):
        raise SchemaTooNew(
            f"the database has schema {revision}, and this program knows schemas up to {head_revision()} only",
            next_step="start the newer version of Sereno again, or restore the backup made before it was started",
        )


def _patient(engine: Engine) -> Engine:
    """An engine for the same database whose statements may take minutes; SQLite keeps its own (it may be in memory)."""
    if engine.dialect.name == "sqlite":
        return engine
    return create_engine(
        engine.url, poolclass=NullPool, connect_args=connect_arguments(statement_seconds=_STATEMENT_SECONDS)
    )


def _upgrade(engine: Engine, number: str) -> None:
    try:
        with engine.connect() as connection:
            _wait_briefly_for_tables(connection)
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(Path(sereno.migrations.__file__).parent))
            config.set_main_option("path_separator", "os")
            command.upgrade(config, number)
            connection.commit()
    except OperationalError:
        raise
    except DBAPIError as error:
        raise SerenoError(
            f"migration {number} failed: {error.orig}",
            next_step="nothing is lost: mend what it names and start again, each step looks whether it was taken",
        ) from error


def _wait_briefly_for_tables(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SET SESSION lock_wait_timeout = {_TABLE_WAIT_SECONDS}"))
        connection.commit()
