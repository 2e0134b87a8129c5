"""When a heartbeat is missing, also after the desk itself was down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sereno.core.errors import UsageError
from sereno.respond.heartbeats.model import (
    Expectation,
    Heartbeat,
    State,
    accepted,
    accepted_name,
    deadline,
    has_returned,
    is_missing,
    written,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
EVERY_TEN = Expectation(timedelta(minutes=10), timedelta(minutes=2), "warning")
NIGHTLY = Expectation(timedelta(days=1), timedelta(hours=1), "critical")


def heartbeat(expectation: Expectation = EVERY_TEN, **changes: object) -> Heartbeat:
    base = Heartbeat("backup", expectation, False, LONG_AGO, NOW - timedelta(minutes=5), LONG_AGO, "ana")
    return replace(base, **changes)  # type: ignore[arg-type]


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@pytest.mark.parametrize(
    ("last_at", "missing", "state"),
    [
        (ago(minutes=5), False, State.ALIVE),
        (ago(minutes=11), False, State.LATE),
        (ago(minutes=12), False, State.LATE),
        (ago(minutes=13), True, State.LATE),
    ],
)
def test_it_is_missing_when_its_turn_and_its_grace_are_over(last_at: datetime, missing: bool, state: State) -> None:
    each = heartbeat(last_at=last_at)
    assert is_missing(each, NOW, LONG_AGO) is missing
    assert each.state(NOW) is state


def test_one_that_was_declared_and_never_came_is_missing_too() -> None:
    assert not is_missing(heartbeat(last_at=None, expected_since=ago(minutes=11)), NOW, LONG_AGO)
    assert is_missing(heartbeat(last_at=None, expected_since=ago(minutes=13)), NOW, LONG_AGO)


def test_paused_or_already_told_it_is_not_missing_again() -> None:
    assert not is_missing(heartbeat(last_at=ago(hours=1), paused=True), NOW, LONG_AGO)
    assert not is_missing(heartbeat(last_at=ago(hours=1), missing_since=ago(minutes=1)), NOW, LONG_AGO)


def test_what_was_lost_while_the_desk_was_down_is_nobodys_fault_but_ours() -> None:
    # Due while the desk was down: a whole turn more, and its grace.
    each = heartbeat(last_at=ago(minutes=60))
    assert deadline(each, ago(minutes=5)) == ago(minutes=5) + timedelta(minutes=12)
    assert not is_missing(each, NOW, ago(minutes=5))
    assert is_missing(each, NOW, ago(minutes=13))


def test_a_restart_of_the_desk_does_not_put_off_what_is_due_later() -> None:
    nightly = heartbeat(NIGHTLY, last_at=ago(hours=26))
    assert is_missing(nightly, NOW, ago(hours=20))
    # Back just before the due time: at least the grace.
    assert deadline(heartbeat(last_at=ago(minutes=20)), ago(minutes=11)) == ago(minutes=8)


def test_it_has_returned_when_a_signal_came_after_it_was_missed() -> None:
    each = heartbeat(last_at=ago(minutes=20), missing_since=ago(minutes=10))
    assert not has_returned(each) and each.state(NOW) is State.MISSING
    back = replace(each, last_at=ago(minutes=1))
    assert has_returned(back)


@pytest.mark.parametrize("name", ["", "Backup", "a b", "-a", "a" * 65, "a/b", "a\n", "ñ"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        accepted_name(name)


@pytest.mark.parametrize(
    "wrong", [{"every": "soon"}, {"every": "1s"}, {"every": "400d"}, {"every": "9" * 39 + "w"}, {"severity": "x" * 65},
              {"severity": "a\nb"}]
)  # fmt: skip
def test_expectations_that_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        accepted(**wrong)


def test_durations_are_written_as_they_are_read() -> None:
    assert accepted("1d", "90m", "").every == timedelta(days=1)
    assert [written(timedelta(seconds=each)) for each in (86400, 5400, 45, 0)] == ["1d", "90m", "45s", "0s"]
