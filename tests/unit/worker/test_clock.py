"""Jobs are run at their intervals, and none suffers from another's failure."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

from sereno.core.errors import Unavailable
from sereno.worker.clock import Clock, Job, Observer


class Hours:
    """A monotonic clock that moves on when the lane waits, and stops the lane at `end`."""

    def __init__(self, end: float) -> None:
        self.now = 0.0
        self.end = end
        self.stop = Event()
        self.stop.wait = self._wait  # type: ignore[method-assign]

    def __call__(self) -> float:
        return self.now

    def _wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0
        if self.now >= self.end:
            self.stop.set()
        return self.stop.is_set()


class Notes(Observer):
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def done(self, job: Job, seconds: float) -> None:
        self.said.append((job.name, "done"))

    def failed(self, job: Job, seconds: float) -> None:
        self.said.append((job.name, "failed"))


def run(hours: Hours, *jobs: Job, is_allowed: Callable[[], bool] = lambda: True) -> Notes:
    notes = Notes()
    Clock(jobs, hours.stop, notes, is_allowed=is_allowed, monotonic=hours).run()
    return notes


def test_every_job_runs_at_once_and_then_at_its_interval() -> None:
    hours, times = Hours(61), []
    run(hours, Job("copies", 15, lambda: times.append(hours.now)))
    assert times == pytest.approx([0, 15, 30, 45, 60], abs=0.3)


def test_a_failing_job_is_tried_again_soon_and_hinders_no_other() -> None:
    hours, tried, other = Hours(31), [], []

    def fail() -> None:
        tried.append(hours.now)
        raise Unavailable("prometheus does not answer")

    notes = run(hours, Job("fails", 60, fail), Job("other", 30, lambda: other.append(hours.now)))
    assert tried == pytest.approx([0, 5, 10, 15, 20, 25, 30], abs=0.5)
    assert other == pytest.approx([0, 30], abs=0.3)
    assert ("fails", "done") not in notes.said


def test_a_neighbour_that_stays_away_is_told_once_and_its_return_too(caplog: pytest.LogCaptureFixture) -> None:
    hours = Hours(40)

    def fail_at_first() -> None:
        if hours.now < 20:
            raise Unavailable("the database does not answer")

    with caplog.at_level("INFO"):
        run(hours, Job("reconcile", 60, fail_at_first))
    assert [record.getMessage() for record in caplog.records] == [
        "reconcile: the database does not answer",
        "reconcile works again",
    ]


def test_a_defect_is_told_with_its_trace_and_the_clock_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def defect() -> None:
        raise KeyError("missing")

    notes = run(Hours(6), Job("broken", 60, defect))
    assert notes.said == [("broken", "failed")] * 2
    assert all(record.exc_info for record in caplog.records)


def test_without_the_lock_nothing_runs_until_it_is_ours() -> None:
    hours, ran = Hours(21), []
    run(hours, Job("reconcile", 60, lambda: ran.append(hours.now)), is_allowed=lambda: hours.now >= 10)
    assert ran == pytest.approx([10], abs=0.5)


def test_a_stop_ends_the_lane_after_the_job_under_way() -> None:
    hours, ran = Hours(1000), []

    def last() -> None:
        ran.append("first")
        hours.stop.set()

    run(hours, Job("first", 1, last), Job("second", 1, lambda: ran.append("second")))
    assert ran == ["first"]
