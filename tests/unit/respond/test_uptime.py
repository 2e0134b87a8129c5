"""The arithmetic of uptime: what counts, what does not, and what a bar says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sereno.respond.status.uptime import (
    DAY_SECONDS,
    Day,
    Kind,
    day_start,
    joined,
    kind_of,
    months,
    percent_words,
    roll_up,
    runs,
    uptime_of,
)

TODAY = date(2026, 11, 24)
BEGIN = day_start(TODAY)
END = BEGIN + timedelta(days=1)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, second, tzinfo=UTC)


def minutes(begin: datetime, end: datetime, share: float) -> dict[float, float]:
    """The share of each minute from `begin` to `end`, by the minute's end."""
    count = int((end - begin).total_seconds()) // 60
    return {begin.timestamp() + 60 * (number + 1): share for number in range(count)}


def test_a_whole_day_has_86400_seconds() -> None:
    day = roll_up(minutes(BEGIN, END, 1.0), begin=BEGIN, end=END, step=60, spans=())
    assert day == Day(up=DAY_SECONDS)
    assert day.uptime == 1.0


def test_time_without_a_measurement_counts_for_neither_side() -> None:
    measured = minutes(at(0), at(6), 1.0) | minutes(at(6), at(7), 0.0)
    day = roll_up(measured, begin=BEGIN, end=END, step=60, spans=())
    assert day == Day(up=6 * 3600, down=3600, unmeasured=17 * 3600)
    assert day.uptime == pytest.approx(6 / 7)


def test_a_minute_with_one_bad_sample_of_four_is_down_for_a_quarter() -> None:
    day = roll_up({at(0, 1).timestamp(): 0.75}, begin=BEGIN, end=at(0, 1), step=60, spans=())
    assert day == Day(up=45, down=15)


def test_maintenance_is_left_out_whatever_was_measured_in_it() -> None:
    measured = minutes(at(0), at(2), 1.0) | minutes(at(2), at(3), 0.0)
    spans = [(at(2), at(2, 30)), (at(12), at(13))]
    day = roll_up(measured, begin=BEGIN, end=END, step=60, spans=spans)
    assert day == Day(up=7200, down=1800, unmeasured=20 * 3600, maintenance=5400)
    assert day.up + day.down + day.unmeasured + day.maintenance == DAY_SECONDS


def test_maintenance_that_begins_within_a_minute_takes_its_seconds_only() -> None:
    spans = [(at(0, 0, 20), at(0, 0, 50))]
    assert roll_up({at(0, 1).timestamp(): 0.0}, begin=BEGIN, end=at(0, 1), step=60, spans=spans) == Day(
        down=30, maintenance=30
    )


def test_maintenance_over_midnight_belongs_to_each_day_by_its_part() -> None:
    spans = [(BEGIN - timedelta(hours=1), BEGIN + timedelta(hours=2))]
    assert roll_up({}, begin=BEGIN, end=END, step=60, spans=spans).maintenance == 7200


def test_nothing_measured_has_no_uptime_and_is_not_perfect() -> None:
    assert roll_up({}, begin=BEGIN, end=END, step=60, spans=()).uptime is None
    assert percent_words(None) == "–"


def test_overlapping_times_count_once() -> None:
    assert joined([(at(3), at(5)), (at(1), at(4)), (at(7), at(8)), (at(9), at(9))]) == [
        (at(1), at(5)),
        (at(7), at(8)),
    ]


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (None, Kind.UNMEASURED),
        (Day(unmeasured=DAY_SECONDS), Kind.UNMEASURED),
        (Day(maintenance=60, unmeasured=86340), Kind.MAINTENANCE),
        (Day(up=DAY_SECONDS), Kind.UP),
        (Day(up=86399, down=1), Kind.SHORT),
        (Day(up=80000, down=6400), Kind.LONG),
    ],
)
def test_a_days_bar(day: Day | None, kind: Kind) -> None:
    assert kind_of(day) is kind


def test_a_bar_joins_days_that_say_the_same_and_leaves_outages_alone() -> None:
    days = {TODAY - timedelta(days=back): Day(up=DAY_SECONDS) for back in range(10)}
    days[TODAY - timedelta(days=4)] = Day(up=86000, down=400)
    days[TODAY - timedelta(days=3)] = Day(up=86100, down=300)
    found = [(run.kind, run.index, run.length) for run in runs(days, last=TODAY)]
    assert found == [
        (Kind.UNMEASURED, 0, 80),
        (Kind.UP, 80, 5),
        (Kind.SHORT, 85, 1),
        (Kind.SHORT, 86, 1),
        (Kind.UP, 87, 3),
    ]
    uptime = uptime_of(days, Day(up=1), today=TODAY)
    assert (uptime.outages, uptime.unmeasured_days, uptime.bar.down) == (2, 80, 700)


def test_months_are_summed_newest_first() -> None:
    days = {date(2026, 10, 31): Day(up=1), date(2026, 11, 1): Day(up=2), date(2026, 11, 2): Day(down=3)}
    assert months(days) == [(date(2026, 11, 1), Day(up=2, down=3)), (date(2026, 10, 1), Day(up=1))]


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100"), (0.99999, "99.99"), (0.999, "99.9"), (0.9, "90"), (0.0, "0"), (0.29, "29")]
)
def test_a_share_is_never_rounded_up_to_perfection(share: float, words: str) -> None:
    assert percent_words(share) == words
