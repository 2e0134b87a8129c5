"""Refusing writes while the disk is full, before the database sees them.

MariaDB and MySQL with a binary log do not fail at a commit that finds no room: they wait, look again once a minute,
and let every other commit queue up behind that one (mysys, `wait_for_free_space`). Each request would hang, and would
leave a connection that is in use until there is room. Reading goes on as ever.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from sereno.core.errors import Unavailable
from sereno.core.units import format_bytes

LEAST_BYTES = 32 * 1024 * 1024
"""With less than this nothing is written: what the database has begun finds its place in the rest."""

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class NoRoom(Unavailable):
    """The disk is full, so nothing can be stored."""

    def __init__(self, message: str) -> None:
        super().__init__(message, next_step="make space on the disk; ./sereno doctor says where and how")


def refuse_writes_without_room(engine: Engine, folder: Path) -> None:
    """From now on each writing statement of `engine` raises NoRoom while the file system of `folder` is full."""

    @event.listens_for(engine, "before_cursor_execute")
    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip()[:7].upper().startswith(_WRITES):
            free = _free_bytes(folder)
            if free is not None and free < LEAST_BYTES:
                raise NoRoom(f"the disk is full ({format_bytes(free)} free): nothing can be stored")


def _free_bytes(folder: Path) -> int | None:
    """What an ordinary user may still take there; None when it cannot be asked."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
