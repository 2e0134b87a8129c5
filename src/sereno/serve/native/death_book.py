"""The book of deaths (`log/deaths.jsonl`): which component ended unasked, and when somebody asked for a start.

Written by `deaths.py` (Supervisor's listener) and here; read here and by `respawn.py`.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sereno.serve.native.files import hand_over_file
from sereno.serve.native.home import Home

ASKED = "asked"


class DeathBook:
    """The book of one home."""

    def __init__(self, home: Home, user: str) -> None:
        self._file = home / "log/deaths.jsonl"
        self._user = user

    def write_asked(self, component: str) -> None:
        """Somebody asks for a start: what the component died of before is forgotten, so nothing waits for it.

        On a full disk it is not, which costs half a minute at most.
        """
        with suppress(OSError):
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"at": time.time(), "component": component, "event": ASKED}) + "\n")
            hand_over_file(self._file, self._user)

    def deaths(self) -> Counter[str]:
        """Component → how often it has ended without being asked to, as far back as the book reaches."""
        return Counter(event["component"] for event in self._events() if event["event"] != ASKED)

    def deaths_since_asked(self, component: str) -> int:
        """How often `component` has ended since somebody last asked for its start."""
        count = 0
        for event in self._events():
            if event["component"] == component:
                count = 0 if event["event"] == ASKED else count + 1
        return count

    def _events(self) -> Iterator[dict[str, Any]]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # A line that a full disk or a power failure has cut off.
            if {"component", "event"} <= event.keys():
                yield event
