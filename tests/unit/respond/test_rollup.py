"""Daily sums: done again and again, made up for after a gap, and never made less by what Prometheus has forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.equipment.desk import memory_database

from sereno.core.errors import Unavailable
from sereno.database.session import Database
from sereno.respond.status import store
from sereno.respond.status.rollup import DAYS_AT_ONCE, RollUps
from sereno.respond.status.uptime import Day, Span
from sereno.settings import Settings

NOW = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 24), date(2026, 11, 23)


@dataclass
class Series:
    labels: dict[str, str]
    points: dict[float, float]


@dataclass
class Prometheus:
    """Knows from `since` on that mysql was up, and down within `down`."""

    since: datetime
    down: tuple[datetime, datetime] = (NOW, NOW)
    away: bool = False
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def range(self, query: str, *, start: datetime, end: datetime, step: timedelta) -> Sequence[Series]:
        if self.away:
            raise Unavailable("prometheus does not answer")
        self.asked.append((start, end))
        points, moment = {}, start
        while moment <= end:
            if self.since < moment <= NOW:
                points[moment.timestamp()] = 0.0 if self.down[0] < moment <= self.down[1] else 1.0
            moment += step
        return [Series({"component": "mysql"}, points)] if points else []


@pytest.fixture
def database() -> Database:
    return memory_database()


def roll_ups(
    database: Database, prometheus: Prometheus, now: datetime = NOW, spans: dict[str, list[Span]] | None = None
) -> RollUps:
    return RollUps(database, prometheus, Settings(), lambda begin, end: spans or {}, clock=lambda: now)  # type: ignore[arg-type]


def days(database: Database) -> dict[date, Day]:
    with database.unit_of_work() as session:
        return store.days_of(session, "mysql")


def test_today_is_summed_up_to_the_last_whole_minute(database: Database) -> None:
    down = (NOW.replace(hour=6, minute=0, second=0), NOW.replace(hour=7, minute=0, second=0))
    roll_ups(database, Prometheus(NOW - timedelta(days=1), down)).run()
    assert days(database)[TODAY] == Day(up=11 * 3600, down=3600)


def test_the_same_run_twice_gives_the_same(database: Database) -> None:
    prometheus = Prometheus(NOW - timedelta(hours=3))
    roll_ups(database, prometheus).run()
    before = days(database)
    roll_ups(database, prometheus).run()
    assert days(database) == before


def test_a_gap_is_made_up_for_as_far_back_as_prometheus_knows(database: Database) -> None:
    prometheus = Prometheus(NOW - timedelta(days=20))
    for turn in range(1, 35 // DAYS_AT_ONCE + 1):
        roll_ups(database, prometheus).run()
        assert len(days(database)) == min(21, DAYS_AT_ONCE * turn + 1)
    found = days(database)
    assert min(found) == date(2026, 11, 4)
    assert found[YESTERDAY] == Day(up=86400)
    prometheus.asked.clear()
    roll_ups(database, prometheus).run()
    assert {begin.date() for begin, _ in prometheus.asked} == {TODAY}


def test_a_day_that_was_partly_summed_up_is_replaced_when_it_is_over(database: Database) -> None:
    prometheus = Prometheus(NOW - timedelta(days=3))
    roll_ups(database, prometheus, NOW - timedelta(days=1)).run()
    assert days(database)[YESTERDAY] == Day(up=12 * 3600)
    roll_ups(database, prometheus).run()
    assert days(database)[YESTERDAY] == Day(up=86400)


def test_what_prometheus_has_forgotten_stays_known(database: Database) -> None:
    roll_ups(database, Prometheus(NOW - timedelta(days=1))).run()
    before = days(database)[TODAY]
    roll_ups(database, Prometheus(NOW - timedelta(minutes=10))).run()
    assert days(database)[TODAY] == before


def test_a_day_without_any_measurement_has_no_row_and_is_not_asked_for_again(database: Database) -> None:
    prometheus = Prometheus(NOW)
    for _ in range(6):
        roll_ups(database, prometheus).run()
    assert days(database) == {}
    prometheus.asked.clear()
    roll_ups(database, prometheus).run()
    assert {begin.date() for begin, _ in prometheus.asked} == {TODAY}


def test_maintenance_of_one_and_of_everything_is_left_out(database: Database) -> None:
    noon = NOW.replace(minute=0, second=0)
    spans = {
        "mysql": [(noon - timedelta(hours=2), noon - timedelta(hours=1))],
        "*": [(noon - timedelta(hours=3), noon - timedelta(minutes=90))],
    }
    roll_ups(database, Prometheus(NOW - timedelta(days=1)), spans=spans).run()
    assert days(database)[TODAY] == Day(up=10 * 3600, maintenance=2 * 3600)


def test_while_prometheus_is_away_nothing_changes(database: Database) -> None:
    prometheus = Prometheus(NOW - timedelta(days=1))
    roll_ups(database, prometheus).run()
    before = days(database)
    prometheus.away = True
    with pytest.raises(Unavailable):
        roll_ups(database, prometheus).run()
    assert days(database) == before
    with database.unit_of_work() as session:
        assert store.sums_since(session, YESTERDAY)["mysql"].up == sum(day.up for day in before.values())
        assert store.days_since(session, TODAY) == {"mysql": {TODAY: before[TODAY]}}
