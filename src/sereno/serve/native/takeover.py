"""Has a running program take over new files at a signal, and looks whether it did."""

from __future__ import annotations

import time

from sereno.serve.component import Component
from sereno.serve.ports import Processes, Supervisor

TAKEOVER_SECONDS = 5
_POLL_SECONDS = 0.1


def take_over(
    component: Component,
    processes: Processes,
    supervisor: Supervisor,
    *,
    seconds: float = TAKEOVER_SECONDS,
) -> bool:
    """Signal the program and wait until new processes of it serve; False when that has not happened in time.

    A program may find its files right and still refuse to change over to them, telling only its log: Nginx does so
    when a shared memory zone counts by another key, or when a cache has moved.
    """
    pid = int(supervisor.info()[component.name]["pid"])
    before = set(processes.descendants(pid))
    supervisor.signal(component.name, component.native.reload_signal)
    deadline = time.monotonic() + seconds
    while not set(processes.descendants(pid)) - before:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
