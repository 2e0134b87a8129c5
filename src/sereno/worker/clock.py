"""A clock with jobs: each is due at its interval, one after another, and a failing one hinders no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from sereno.core.errors import SerenoError, Unavailable

_log = logging.getLogger(__name__)

LONGEST_NAP_SECONDS = 5.0

RETRY_SECONDS = 5.0
"""A job that could not be done is due again this soon, or at its interval when that is shorter."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do each `every_seconds`; it raises SerenoError when it cannot be done now."""

    name: str
    every_seconds: float
    run: Callable[[], None]


class Observer:
    """Is told how each run of a job went; this one ignores it."""

    def done(self, job: Job, seconds: float) -> None:
        """The job took so long and succeeded."""

    def failed(self, job: Job, seconds: float) -> None:
        """The job took so long and failed."""


@dataclass(slots=True)
class _Slot:
    job: Job
    due_at: float
    is_failing: bool = False


@dataclass
class Clock:
    """Runs its jobs until it is stopped. `is_allowed` is asked before each job; False puts it off.

    It may raise Unavailable, which counts as not allowed.
    """

    jobs: Sequence[Job]
    stop: Event
    observer: Observer = field(default_factory=Observer)
    is_allowed: Callable[[], bool] = lambda: True
    monotonic: Callable[[], float] = time.monotonic
    ticked_at: float = 0.0
    """When the clock last looked at its jobs, by `monotonic`: an old time means that a job hangs."""

    def run(self) -> None:
        """Every job once at once, then each at its interval, until `stop` is set."""
        slots = [_Slot(job, self.monotonic()) for job in self.jobs]
        while not self.stop.is_set():
            self.ticked_at = self.monotonic()
            for slot in slots:
                if slot.due_at <= self.monotonic() and not self.stop.is_set():
                    self._turn(slot)
            pause = min(slot.due_at for slot in slots) - self.monotonic()
            self.stop.wait(min(max(pause, 0.05), LONGEST_NAP_SECONDS))

    def _turn(self, slot: _Slot) -> None:
        began = self.monotonic()
        slot.due_at = began + min(RETRY_SECONDS, slot.job.every_seconds)
        try:
            if not self.is_allowed():
                return
            slot.job.run()
            # Counted from the begin: a job that was late is not run twice to catch up.
            slot.due_at = began + slot.job.every_seconds
        except Exception as error:
            self.observer.failed(slot.job, self.monotonic() - began)
            self._tell(slot, error)
        else:
            self.observer.done(slot.job, self.monotonic() - began)
            if slot.is_failing:
                slot.is_failing = False
                _log.info("%s works again", slot.job.name)

    def _tell(self, slot: _Slot, error: Exception) -> None:
        """A neighbour that is away is told once, not at every turn; a defect of ours each time, with its trace."""
        if isinstance(error, Unavailable):
            if not slot.is_failing:
                _log.warning("%s: %s", slot.job.name, error.message)
        elif isinstance(error, SerenoError | OSError):
            _log.error("%s: %s", slot.job.name, error)
        else:
            _log.exception("%s failed", slot.job.name, exc_info=error)
        slot.is_failing = True
