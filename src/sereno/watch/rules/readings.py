"""Recorded series that remember the state of each component and probe, so that pages can say since when it lasts.

A recorded series may use its own last value: each `…:timestamp` goes on by itself until the state sets it anew. An
hour without evaluation (Prometheus was down) makes it forget, which is honest: nobody looked.
"""

from __future__ import annotations

from sereno.watch.conventions import COMPONENT_SIGNALS, COMPONENT_UP, FIRST_SEEN, LAST_DOWN, LAST_UP, PROBE_UP
from sereno.watch.rules.model import Recording, RuleFile

_MEMORY = "1h"


def readings() -> RuleFile:
    """`readings.yml`."""
    return RuleFile(
        "readings.yml",
        "What is remembered of each component.",
        (
            *(
                Recording(COMPONENT_UP, f"min({signal})", {"component": component})
                for component, signal in COMPONENT_SIGNALS.items()
            ),
            Recording(COMPONENT_UP, PROBE_UP),
            Recording(LAST_UP, _remembered(LAST_UP, f"({COMPONENT_UP} == 1) * 0 + time()")),
            Recording(LAST_DOWN, _remembered(LAST_DOWN, f"({COMPONENT_UP} == 0) * 0 + time()")),
            Recording(FIRST_SEEN, f"last_over_time({FIRST_SEEN}[{_MEMORY}])\nor {COMPONENT_UP} * 0 + time()"),
        ),
    )


def _remembered(record: str, now: str) -> str:
    return f"{now}\nor last_over_time({record}[{_MEMORY}])"
