"""Supervisor's daemon, made to outlive a full disk: `python -m sereno.outside.supervisord -c FILE`.

Supervisor 4.3 tells of a log that it cannot write by writing to its other logs, which lie on the same full disk, and
ends of that (`loggers.py`, `Handler.handleError`; `dispatchers.py`, `handle_error`); the components then die of the
pipes that it has left. Here lines that find no room are lost instead, and the logs go on when there is room again.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from supervisor import supervisord
from supervisor.loggers import Handler, RotatingFileHandler

_NO_ROOM = (OSError, ValueError)
"""What a write without room raises; ValueError once the stream could not be opened again."""

_tell, _close, _roll_over = Handler.handleError, Handler.close, RotatingFileHandler.doRollover


def _bear_or_tell(handler: Handler) -> None:
    if not isinstance(sys.exc_info()[1], _NO_ROOM):
        with suppress(OSError):
            _tell(handler)


def _close_anyway(handler: Handler) -> None:
    """The file is closed also when what was left to write finds no room."""
    with suppress(*_NO_ROOM):
        _close(handler)


def _roll_over_or_go_on(handler: Any) -> None:
    """A full log is put aside; when no new one can be opened, it is tried again with the next line."""
    try:
        _roll_over(handler)
    except _NO_ROOM:
        with suppress(OSError):
            handler.stream = open(handler.baseFilename, handler.mode)  # noqa: PTH123, SIM115 -- as Supervisor does.


def outlive_full_disks() -> None:
    """Change Supervisor's log handlers, for this process."""
    Handler.handleError = _bear_or_tell
    Handler.close = _close_anyway
    RotatingFileHandler.doRollover = _roll_over_or_go_on


if __name__ == "__main__":
    outlive_full_disks()
    supervisord.main()
