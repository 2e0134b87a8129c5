"""The audit trail says in words whatever any room records."""

from __future__ import annotations

import re
from pathlib import Path

import sereno
from sereno.web.audit import ACTIONS

SOURCE = Path(sereno.__file__).parent
ROOMS = ("guard", "keep", "respond", "wiring", "web", "cli")
_ACTION = re.compile(r'"((?:session|user|token|audit|backup|probe|incident|maintenance|heartbeat|notice)\.[a-z-]{3,})"')


def test_every_recorded_action_has_words() -> None:
    recorded = {
        action
        for room in ROOMS
        for file in (SOURCE / room).rglob("*.py")
        if file.name != "audit.py" or room != "web"
        for action in _ACTION.findall(file.read_text(encoding="utf-8"))
    }
    assert {"incident.acknowledge", "maintenance.end", "user.add"} <= recorded
    assert recorded - set(ACTIONS) == set()
