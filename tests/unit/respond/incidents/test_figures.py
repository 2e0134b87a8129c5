"""Figures: what counts in which mean, what is missing, and what a week, a part and a rule say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sereno.respond.incidents.figures import WEEKS_HEIGHT, Case, RuleCount, blocks, figures, percentile, spread

UNTIL = datetime(2026, 11, 24, 12, tzinfo=UTC)  # A Tuesday.
SINCE = UNTIL - timedelta(days=28)
BEGAN = UNTIL - timedelta(days=1)

PLAIN = Case(
    opened_at=BEGAN,
    detected_at=BEGAN + timedelta(seconds=5),
    acknowledged_at=None,
    resolved_at=None,
    resolved_by=None,
    severity="critical",
    components=("mysql",),
    flapping=False,
    rule="InstanceDown",
)


def seconds(*numbers: float) -> list[timedelta]:
    return [timedelta(seconds=number) for number in numbers]


def of(*cases: Case, rules: tuple[RuleCount, ...] = (), watched_since: datetime | None = None):
    waits = {"HighCpuUsage": timedelta(minutes=2)}
    return figures(cases, rules, waits, since=SINCE, until=UNTIL, watched_since=watched_since)


def case(*, acknowledged: float | None = None, resolved: float | None = None, **changes: object) -> Case:
    began = changes.get("opened_at", BEGAN)
    assert isinstance(began, datetime)
    return replace(
        PLAIN,
        detected_at=began + timedelta(seconds=5),
        acknowledged_at=None if acknowledged is None else began + timedelta(seconds=acknowledged),
        resolved_at=None if resolved is None else began + timedelta(seconds=resolved),
        **changes,
    )


def test_never_acknowledged_is_missing_and_not_zero() -> None:
    found = of(case(acknowledged=60, resolved=600), case(resolved=200), case())
    assert (found.acknowledge.mean, found.acknowledge.count, found.acknowledge.missing) == (timedelta(minutes=1), 1, 2)
    assert (found.resolve.mean, found.resolve.count, found.resolve.missing) == (timedelta(seconds=400), 2, 1)


def test_nothing_has_no_figures_but_a_count() -> None:
    found = of()
    assert (found.count, found.resolved, found.unattended) == (0, 0, None)
    assert (found.detect.mean, found.acknowledge.median, found.resolve.p90) == (None, None, None)


def test_detection_takes_the_rules_waiting_into_account() -> None:
    assert of(case(rule="HighCpuUsage")).detect.mean == timedelta(minutes=2, seconds=5)
    by_hand = of(case(rule=""))
    assert (by_hand.detect.mean, by_hand.detect.missing) == (None, 1)


def test_unattended_is_what_nobody_acknowledged_and_nobody_resolved() -> None:
    found = of(
        case(resolved=60),
        case(resolved=60, acknowledged=30),
        case(resolved=60, resolved_by="bob"),
        case(acknowledged=5),
    )
    assert found.unattended == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [
        (seconds(7), 7, 7),
        (seconds(1, 2), 1, 2),
        (seconds(*range(1, 11)), 5, 9),
        (seconds(*range(1, 12)), 6, 10),
    ],
)
def test_percentiles_are_the_nearest_rank(values: list[timedelta], median: float, p90: float) -> None:
    assert percentile(values, 50) == timedelta(seconds=median)
    assert percentile(values, 90) == timedelta(seconds=p90)


def test_a_spread_sorts_for_itself() -> None:
    found = spread([timedelta(seconds=9), None, timedelta(seconds=1), timedelta(seconds=2)])
    assert (found.mean, found.median, found.p90, found.count, found.missing) == (*seconds(4, 2, 9), 3, 1)


def test_weeks_run_from_monday_to_now_and_empty_ones_count_nothing() -> None:
    sunday = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    monday = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    found = of(case(opened_at=sunday), case(opened_at=monday, severity="page"), case(opened_at=monday))
    assert [week.begins for week in found.weeks] == [
        date(2026, 10, 26), date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 23),
    ]  # fmt: skip
    assert [week.count for week in found.weeks] == [0, 0, 0, 1, 2]
    assert found.weeks[-1].by_gravity == {"critical": 1, "warning": 0, "other": 1, "info": 0}
    assert found.weeks[0].acknowledge.mean is None


def test_weeks_before_anything_was_watched_have_no_count() -> None:
    found = of(case(), watched_since=datetime(2026, 11, 12, tzinfo=UTC))
    assert [week.count for week in found.weeks] == [None, None, 0, 0, 1]
    assert [block.gravity for block in blocks(found.weeks)] == ["missing", "missing", "critical"]


def test_an_incident_counts_for_each_component_and_the_gravest_severity_comes_first() -> None:
    found = of(case(components=("mysql", "webapp"), severity="info"), case(severity="critical", acknowledged=10))
    assert [(part.name, part.count) for part in found.components] == [("mysql", 2), ("webapp", 1)]
    assert [part.name for part in found.severities] == ["critical", "info"]
    assert found.components[0].acknowledge.mean == timedelta(seconds=10)


def test_rules_come_with_the_noisiest_first() -> None:
    quiet, noisy = RuleCount("A", 1, 1, 0, 0), RuleCount("B", 9, 0, 9, 4)
    assert of(rules=(quiet, noisy)).rules == (noisy, quiet)


def test_bars_stand_on_the_ground_and_the_tallest_fills_the_picture() -> None:
    monday = datetime(2026, 11, 23, 1, tzinfo=UTC)
    found = of(*(case(opened_at=monday, severity=severity) for severity in ("info", "critical", "critical")), case(
        opened_at=monday - timedelta(days=7), severity="warning"
    ))  # fmt: skip
    drawn = blocks(found.weeks)
    last = [block for block in drawn if block.x == drawn[-1].x]
    assert [block.gravity for block in last] == ["critical", "info"]
    assert last[0].y + last[0].height == pytest.approx(WEEKS_HEIGHT)
    assert last[-1].y == pytest.approx(0)
    assert drawn[0].height == pytest.approx(WEEKS_HEIGHT / 3, abs=0.1)
