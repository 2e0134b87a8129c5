"""Tells how long statements take and how full the pool is, to whoever wants to count it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

PoolState = Callable[[int, int, int], None]
"""Called with the connections in use, those idle, and the most that may be open."""


def observe(engine: Engine, *, on_query: Callable[[float], None], on_pool: PoolState) -> None:
    """Call `on_query` with the seconds that each statement took, and `on_pool` whenever a connection changes hands."""

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        context.sereno_began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def end(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        on_query(time.perf_counter() - context.sereno_began)

    if not isinstance(engine.pool, QueuePool):
        return  # SQLite in tests: nothing that could run out.

    def tell(returning: int) -> None:
        pool = engine.pool  # Asked each time: a process that was forked has a pool of its own.
        if isinstance(pool, QueuePool):
            on_pool(pool.checkedout() - returning, pool.checkedin() + returning, pool.size() + pool._max_overflow)

    # A connection that is being returned is still counted as in use when this event comes.
    event.listen(engine, "checkout", lambda *_: tell(0))
    event.listen(engine, "checkin", lambda *_: tell(1))
