"""How components last ended without being asked to, out of what Supervisor's log says of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_TAIL_BYTES = 256 * 1024
_LINE = re.compile(r"^(\S+ [\d:]+),\d+ \w+ exited: (\S+) \((.*?); not expected\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class End:
    """When and how: `terminated by SIGKILL`, `exit status 1`."""

    at: datetime
    how: str


def last_ends(text: str) -> dict[str, End]:
    """Component → its last end that nobody asked for. Supervisor writes this machine's own time."""
    found: dict[str, End] = {}
    for moment, component, how in _LINE.findall(text):
        try:
            found[component] = End(datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").astimezone(), how)
        except ValueError:
            continue  # Two lines that a full disk has cut into one.
    return found


def read_last_ends(log: Path) -> dict[str, End]:
    """As far back as the end of Supervisor's log reaches; nothing where there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return last_ends(stream.read().decode("utf-8", "replace"))
    except OSError:
        return {}
