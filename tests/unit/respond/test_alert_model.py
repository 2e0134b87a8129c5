"""However reports arrive, early, late, twice or in any order, they tell of the same alerts."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from sereno.respond.alerts.model import Report, ended, firing, merge, spans

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def history(*reports: Report) -> list[tuple[float, float | None]]:
    """The alerts that the reports tell of, as (began, ended) in minutes after noon."""
    cut = spans(list(merge(reports).values()))
    return [(minutes(span.began_at), None if span.ended_at is None else minutes(span.ended_at)) for span in cut]


def minutes(moment: datetime) -> float:
    return (moment - NOON).total_seconds() / 60


STORIES: dict[str, tuple[list[Report], list[tuple[float, float | None]]]] = {
    "fires": ([firing("a", at(0))], [(0, None)]),
    "fires and ends": ([firing("a", at(0)), ended("a", at(0), at(5))], [(0, 5)]),
    "its end alone is heard": ([ended("a", at(0), at(5))], [(0, 5)]),
    "fires, ends, fires again": (
        [firing("a", at(0)), ended("a", at(0), at(5)), firing("a", at(9))],
        [(0, 5), (9, None)],
    ),
    "goes on under a later start after a restart of Prometheus": (
        [firing("a", at(0)), firing("a", at(7)), ended("a", at(7), at(12))],
        [(0, 12)],
    ),
    "two restarts, still firing": ([firing("a", at(0)), firing("a", at(3)), firing("a", at(6))], [(0, None)]),
    "two alerts, each ended": (
        [firing("a", at(0)), ended("a", at(0), at(2)), firing("a", at(5)), ended("a", at(5), at(8))],
        [(0, 2), (5, 8)],
    ),
    "a restart, an end, and again": (
        [
            firing("a", at(0)),
            firing("a", at(3)),
            ended("a", at(3), at(4)),
            firing("a", at(9)),
            ended("a", at(9), at(10)),
        ],
        [(0, 4), (9, 10)],
    ),
    "ended by time-out, seen firing later under the same start": (
        [firing("a", at(0)), ended("a", at(0), at(5)), firing("a", at(0), seen_at=at(6))],
        [(0, None)],
    ),
    "seen firing, then really ended": (
        [firing("a", at(0)), ended("a", at(0), at(5)), firing("a", at(0), seen_at=at(6)), ended("a", at(0), at(8))],
        [(0, 8)],
    ),
    "two ends were told: the later counts": ([ended("a", at(0), at(5)), ended("a", at(0), at(6))], [(0, 6)]),
    "an end before its start counts as its start": ([ended("a", at(4), at(1))], [(4, 4)]),
}


@pytest.mark.parametrize("story", STORIES)
def test_every_order_of_arrival_tells_the_same_story(story: str) -> None:
    reports, expected = STORIES[story]
    for order in itertools.permutations(reports):
        assert history(*order) == expected
        assert history(*order, *order) == expected


def test_the_time_between_two_arrivals_does_not_matter_either() -> None:
    """Merging in two steps is merging at once, for random sets of reports."""
    chance = random.Random(20261124)
    for _ in range(300):
        reports = [_random_report(chance) for _ in range(chance.randint(1, 8))]
        cut = chance.randint(0, len(reports))
        stepwise = merge([*merge(reports[:cut]).values(), *reports[cut:]])
        shuffled = chance.sample(reports, len(reports))
        assert stepwise == merge(reports) == merge(shuffled)


def test_alerts_never_overlap_and_only_the_last_can_be_open() -> None:
    chance = random.Random(7)
    for _ in range(300):
        told = history(*(_random_report(chance) for _ in range(chance.randint(1, 9))))
        for (_, end), (begin, _) in itertools.pairwise(told):
            assert end is not None
            assert end < begin


def test_reports_of_different_alerts_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match="not about the same alert"):
        firing("a", at(0)).merged_with(firing("b", at(0)))


def _random_report(chance: random.Random) -> Report:
    start = at(chance.randint(0, 6))
    if chance.random() < 0.5:
        return firing("a", start, seen_at=start + timedelta(minutes=chance.randint(0, 6)))
    return ended("a", start, start + timedelta(minutes=chance.randint(0, 6)))
