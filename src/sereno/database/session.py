"""Engine and unit of work. Stores are given a `Session`; whoever stands at the door commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from sereno.core.errors import Unavailable
from sereno.database import also
from sereno.database.idle import spare_round_trips
from sereno.database.room import NoRoom

_NO_SUCH_TABLE = 1146
_DISK_FULL = (1021, 1026, 1114)
"""No room for a temporary table, for a file, or for a row; see MariaDB's list of error codes."""
_ENGINE_ERROR = 1030
_ENOSPC = "28"

CONNECT_SECONDS = 3
"""A database on this machine answers at once or not at all; a longer wait only holds a thread."""

STATEMENT_SECONDS = 10
"""No statement of the desk needs so long; what does waits for something that does not come, as for room on the disk."""

LOCK_WAIT_SECONDS = 3
"""Whoever holds a row for longer has hung."""


def make_engine(url: str | URL, *, pool_size: int = 5) -> Engine:
    """An engine for `url` with a small pool, `READ COMMITTED` and UTC.

    Connections that have lain idle are tested before use, so that a restart of the database costs no request.
    """
    url = make_url(url)
    if url.get_backend_name() == "sqlite":
        return create_engine(url)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2,
        pool_timeout=CONNECT_SECONDS,
        pool_reset_on_return=None,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",
        connect_args=connect_arguments(),
    )
    spare_round_trips(engine)
    return engine


def connect_arguments(*, statement_seconds: int = STATEMENT_SECONDS) -> dict[str, Any]:
    """What every connection of PyMySQL is opened with; no statement may take longer than `statement_seconds`."""
    return {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": statement_seconds,
        "write_timeout": statement_seconds,
        "charset": "utf8mb4",
        "init_command": "SET time_zone='+00:00', sql_mode='TRADITIONAL,NO_ENGINE_SUBSTITUTION', "
        f"innodb_lock_wait_timeout={LOCK_WAIT_SECONDS}",
    }


class Database:
    """The door to the database for whoever holds it: `with database.unit_of_work() as session`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        also.watch(engine)
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Unavailable when the database cannot be reached or goes away.
        """
        session = self._sessions()
        try:
            with session.begin():
                also.begin()
                yield session
                also.finish(session)
        except PoolTimeout as error:
            raise _unavailable(error) from error
        except DBAPIError as error:
            if _is_disk_full(error):
                raise NoRoom("the database's disk is full: nothing can be stored") from error
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise _unavailable(error) from error
            if is_missing_table(error):
                raise Unavailable(
                    "the database's tables are not made yet",
                    next_step="the desk makes them as soon as it can; its log (./sereno logs webapp) says what hinders",
                ) from error
            raise
        finally:
            session.close()


def is_missing_table(error: DBAPIError) -> bool:
    """Whether a table is missing: between the start and the end of the first migration that is no defect."""
    return _number(error) == _NO_SUCH_TABLE or "no such table" in str(error.orig)


def _is_disk_full(error: DBAPIError) -> bool:
    number = _number(error)
    return number in _DISK_FULL or (number == _ENGINE_ERROR and f"error {_ENOSPC} " in str(error.orig))


def _number(error: DBAPIError) -> int | None:
    """The server's number for what went wrong; None when it was not the server that said so."""
    return error.orig.args[0] if error.orig is not None and error.orig.args else None


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(
        f"the database does not answer: {error.__class__.__name__}",
        next_step="look at ./sereno status and ./sereno logs mysql",
    )
