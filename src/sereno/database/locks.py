"""A lock that one process holds on the whole database, so that two that start together take turns.

MySQL and MariaDB both have `GET_LOCK`. It belongs to a connection: whoever holds it keeps that connection open, and a
connection that breaks has lost the lock, which is what one wants of a process that died.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from sereno.core.errors import Unavailable


def lock_name(engine: Engine, purpose: str) -> str:
    """The lock's name, 64 characters at most; one server has one name space for locks, so the schema is part of it."""
    return f"{engine.url.database or 'sereno'}:{purpose}"[:64]


@contextmanager
def held(engine: Engine, purpose: str, *, wait_seconds: int) -> Iterator[None]:
    """Hold the lock for `purpose` on a connection of its own for the length of the block.

    SQLite has no such lock and one process at most: there the block simply runs. Raises Unavailable when another
    process keeps the lock for longer than `wait_seconds`.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = lock_name(engine, purpose)
        if not _take(connection, name, wait_seconds):
            raise Unavailable(
                f"another process has held the lock {name} for more than {wait_seconds} s",
                next_step="wait until it has finished, then try again",
            )
        try:
            yield
        finally:
            _release(connection, name)


class KeptLock:
    """A lock that a long-lived process asks for again before each piece of work.

    Asking again matters: after a reconnect the server has forgotten the holder, and somebody else may have the lock.
    Not thread-safe; the connection is opened when it is first needed and again after it broke.
    """

    def __init__(self, engine: Engine, purpose: str) -> None:
        self._engine = engine
        self._purpose = purpose
        self._connection: Connection | None = None

    def is_ours(self) -> bool:
        """Whether this process holds the lock now; takes it when it is free. Never waits.

        Raises Unavailable when the database does not answer.
        """
        if self._engine.dialect.name == "sqlite":
            return True
        name = lock_name(self._engine, self._purpose)
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if _holds(self._connection, name):
                return True
            return _take(self._connection, name, 0)
        except DBAPIError as error:
            self.close()
            raise Unavailable(
                f"the database does not answer: {error.__class__.__name__}",
                next_step="look at ./sereno status and ./sereno logs mysql",
            ) from error

    def close(self) -> None:
        """Give the lock back by closing its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _take(connection: Connection, name: str, wait_seconds: int) -> bool:
    return bool(connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), {"name": name, "wait": wait_seconds}))


def _holds(connection: Connection, name: str) -> bool:
    return bool(connection.scalar(text("SELECT IS_USED_LOCK(:name) = CONNECTION_ID()"), {"name": name}))


def _release(connection: Connection, name: str) -> None:
    try:
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})
    except DBAPIError:
        # The connection is gone, and the lock with it.
        connection.invalidate()
