"""Has a running program take over new files at a signal, and looks whether it did."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from sereno.serve.component import Component
from sereno.serve.place import Place
from sereno.serve.ports import Health, Processes, Supervisor

TAKEOVER_SECONDS = 5
_POLL_SECONDS = 0.1


def take_over(
    component: Component,
    place: Place,
    *,
    processes: Processes,
    supervisor: Supervisor,
    health: Health,
    seconds: float = TAKEOVER_SECONDS,
) -> bool:
    """Signal the program and wait until it has changed over; False when that has not happened in time.

    A program may find its files right and still refuse to change over to them, telling only its log: Nginx does so
    when a shared memory zone counts by another key, or when a cache has moved. Nginx shows a change by new processes,
    the others by a metric that says when they last did.
    """
    program = component.native
    if program.reload_metric:
        url = f"http://{place.address(component.name)}/metrics"
        changed = _differs(lambda: metric(health.read(url)[1], program.reload_metric))
    else:
        pid = int(supervisor.info()[component.name]["pid"])
        changed = _grows(lambda: set(processes.descendants(pid)))
    supervisor.signal(component.name, program.reload_signal)
    deadline = time.monotonic() + seconds
    while not changed():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def metric(text: str, name: str) -> str | None:
    """The value of a metric without labels in Prometheus's text format, as it stands there; None when it is absent."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return found[1] if found else None


def _grows(look: Callable[[], set[int]]) -> Callable[[], bool]:
    before = look()
    return lambda: bool(look() - before)


def _differs(look: Callable[[], str | None]) -> Callable[[], bool]:
    before = look()
    return lambda: look() not in (before, None)
