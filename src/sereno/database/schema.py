"""Which version the schema has and which one this program wants. Light: Alembic is not loaded for it."""

from __future__ import annotations

import pkgutil

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import sereno.migrations.versions
from sereno.core.errors import Unavailable
from sereno.database.schema_note import oldest_reader
from sereno.database.session import is_missing_table


def known_revisions() -> tuple[str, ...]:
    """The migrations that this program carries, oldest first: the numbers that their modules' names begin with."""
    names = (module.name for module in pkgutil.iter_modules(sereno.migrations.versions.__path__))
    return tuple(sorted(name.partition("_")[0] for name in names))


def head_revision() -> str:
    """The schema that this program works with."""
    return known_revisions()[-1]


def present_revision(engine: Engine) -> str | None:
    """The schema that the database has; None when it has none yet.

    Raises Unavailable when the database does not answer.
    """
    try:
        with engine.connect() as connection:
            # Not asked first whether the table is there: that takes a temporary table, and so room on the disk.
            revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if revision is None else str(revision)
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and is_missing_table(error):
            return None
        raise Unavailable(
            f"the database does not answer: {error.__class__.__name__}",
            next_step="look at ./sereno status and ./sereno logs mysql",
        ) from error


def works_with(engine: Engine, revision: str | None) -> bool:
    """Whether this program works with the schema `revision`: its own, or a newer one noted as harmless to it."""
    if revision is None or not is_newer(revision):
        return revision == head_revision()
    oldest = oldest_reader(engine, revision)
    return oldest is not None and oldest <= head_revision()


def is_newer(revision: str | None) -> bool:
    """Whether `revision` was made by a later version of the program."""
    return revision is not None and revision not in known_revisions() and revision > head_revision()
