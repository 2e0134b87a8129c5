"""Keeping a pool of connections right without asking the server more than is needed.

SQLAlchemy's own way is a ping before each use and a rollback after it: two of the ten round trips that a delivery of
Alertmanager's takes. Neither says anything new about a connection that was used a moment ago and has committed.
"""

from __future__ import annotations

import time
from typing import Any

from pymysql.constants.SERVER_STATUS import SERVER_STATUS_IN_TRANS
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

IDLE_SECONDS = 0.1
"""A server needs longer to start again, so a connection used within this time is to the server that runs."""

_RETURNED_AT = "sereno_returned_at"


def spare_round_trips(engine: Engine) -> None:
    """Test a connection only when it has lain idle, and roll back only what is under way when it is returned."""
    event.listen(engine, "checkout", _test_if_idle)
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "reset", _roll_back_if_under_way)


def _test_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    returned_at = record.info.get(_RETURNED_AT)
    if returned_at is None or time.monotonic() - returned_at < IDLE_SECONDS:
        return
    try:
        connection.ping(reconnect=False)
    except Exception as error:
        # All others are as old or older; the pool opens a new one in this one's place.
        raise InvalidatePoolError from error


def _note_return(_connection: Any, record: Any) -> None:
    record.info[_RETURNED_AT] = time.monotonic()


def _roll_back_if_under_way(connection: Any, _record: Any, _state: Any) -> None:
    if connection.server_status & SERVER_STATUS_IN_TRANS:
        connection.rollback()
