"""The three times of an incident, to the second and by their definitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sereno.respond.incidents.times import times_of, waits_of
from sereno.settings import Settings

BEGAN = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class _Incident:
    rule: str = "HighCpuUsage"
    opened_at: datetime = BEGAN
    detected_at: datetime = BEGAN + timedelta(seconds=7)
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None


def test_detection_counts_from_when_the_condition_began_to_hold() -> None:
    waits = waits_of(Settings())
    assert waits["HighCpuUsage"] == timedelta(minutes=2)
    assert times_of(_Incident(), waits).detect == timedelta(minutes=2, seconds=7)


def test_a_rule_that_waits_for_nothing_counts_from_the_alerts_start() -> None:
    assert "InstanceDown" not in waits_of(Settings())
    assert times_of(_Incident(rule="InstanceDown"), waits_of(Settings())).detect == timedelta(seconds=7)


def test_what_was_opened_by_hand_has_no_time_to_detect() -> None:
    assert times_of(_Incident(rule=""), {}).detect is None


def test_what_has_not_come_is_missing_and_not_zero() -> None:
    times = times_of(_Incident(), {})
    assert (times.acknowledge, times.resolve) == (None, None)


def test_acknowledging_and_resolving_count_from_the_begin() -> None:
    times = times_of(
        _Incident(acknowledged_at=BEGAN + timedelta(seconds=80), resolved_at=BEGAN + timedelta(minutes=37)), {}
    )
    assert (times.acknowledge, times.resolve) == (timedelta(seconds=80), timedelta(minutes=37))


def test_a_clock_that_is_off_gives_no_negative_time() -> None:
    early = _Incident(detected_at=BEGAN - timedelta(seconds=3), acknowledged_at=BEGAN - timedelta(seconds=1))
    times = times_of(early, {})
    assert (times.detect, times.acknowledge) == (timedelta(0), timedelta(0))
