"""Trying again what the database itself broke off so that somebody else could go on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sereno.core.errors import Unavailable
from sereno.database.session import Database

ATTEMPTS = 6
PATIENCE_SECONDS = 4.0
"""After so long no further attempt begins: a deadlock is told at once, but a lock that does not come takes seconds."""
_DEADLOCK = 1213
_LOCK_WAIT_TIMEOUT = 1205
_RECORD_CHANGED = 1020

_Answer = TypeVar("_Answer")


class Again(Exception):
    """Raised by work that another transaction has forestalled: what it wants to make is there already.

    The next attempt finds it.
    """


def in_one_transaction(database: Database, work: Callable[[Session], _Answer]) -> _Answer:
    """Run `work` in one transaction and commit; when the server chose it as a deadlock's victim, run it again.

    `work` may be run several times, so it must not change anything but through its session. Raises Unavailable when
    the database does not answer, or when the deadlock came back at every attempt. Work that raises Again is run again
    too.
    """
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with database.unit_of_work() as session:
                return work(session)
        except Again as error:
            if attempt == ATTEMPTS:
                raise Unavailable("the database is too busy: others were faster at every attempt") from error
        except Unavailable as error:
            enough = attempt == ATTEMPTS or time.monotonic() - began > PATIENCE_SECONDS
            if enough or not _is_worth_repeating(error.__cause__):
                raise
        # Uneven pauses, or the same two transactions would meet again.
        time.sleep(random.uniform(0.002, 0.01) * attempt)  # noqa: S311 -- no secret.
    raise AssertionError("unreachable: the last attempt returns or raises")


def _is_worth_repeating(cause: BaseException | None) -> bool:
    """Whether the server undid the transaction for another's sake (1020 is MariaDB's word for a snapshot conflict)."""
    if not isinstance(cause, OperationalError) or cause.orig is None or not cause.orig.args:
        return False
    return cause.orig.args[0] in (_DEADLOCK, _LOCK_WAIT_TIMEOUT, _RECORD_CHANGED)
