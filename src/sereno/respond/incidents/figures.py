"""How well trouble is handled: times, counts by week, component and severity, and how each alert rule does. Pure.

Figures are about the incidents that began in a span of time. Means, medians and percentiles count what there is: an
incident that nobody acknowledged has no time to acknowledge, which is missing and not zero. A percentile is the
nearest rank: the smallest of the values such that at least that share of them is not larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sereno.respond.incidents.model import severity_rank
from sereno.respond.incidents.strip import GRAVITY
from sereno.respond.incidents.times import Times, times_of


@dataclass(frozen=True, slots=True)
class Case:
    """What figures need of an incident. `resolved_by` is None when it resolved by itself, or has not resolved."""

    opened_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    severity: str
    components: tuple[str, ...]
    flapping: bool
    rule: str

    @property
    def is_unattended(self) -> bool:
        """Whether it came and went without anybody's doing."""
        return self.resolved_at is not None and self.resolved_by is None and self.acknowledged_at is None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How the alerts of one rule fared: all that fired, and of how many the incident was acknowledged, came and went
    without anybody's doing, or flapped."""

    rule: str
    fired: int
    acknowledged: int
    by_itself: int
    flapped: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations summed up; None where there are none. `missing` counts the incidents that have no such time."""

    mean: timedelta | None
    median: timedelta | None
    p90: timedelta | None
    count: int
    missing: int


@dataclass(frozen=True, slots=True)
class Week:
    """One week (UTC, from Monday). `by_gravity` is None when it lies wholly before anything was watched."""

    begins: date
    by_gravity: Mapping[str, int] | None
    acknowledge: Spread
    resolve: Spread

    @property
    def count(self) -> int | None:
        """How many incidents began in it; None: nothing was watched yet."""
        return None if self.by_gravity is None else sum(self.by_gravity.values())


@dataclass(frozen=True, slots=True)
class Part:
    """The incidents of one component or severity. One with several components counts for each of them."""

    name: str
    count: int
    acknowledge: Spread
    resolve: Spread


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the page and the API tell. `unattended` is a share of `resolved`, None when nothing resolved."""

    since: datetime
    until: datetime
    count: int
    resolved: int
    flapping: int
    unattended: float | None
    detect: Spread
    acknowledge: Spread
    resolve: Spread
    weeks: tuple[Week, ...]
    components: tuple[Part, ...]
    severities: tuple[Part, ...]
    rules: tuple[RuleCount, ...]


def figures(
    cases: Sequence[Case],
    rules: Iterable[RuleCount],
    waits: Mapping[str, timedelta],
    *,
    since: datetime,
    until: datetime,
    watched_since: datetime | None = None,
) -> Figures:
    """The figures of `cases`, which began between `since` and `until`.

    `waits` are the rules' own (`times.waits_of`); weeks that end before `watched_since` have no counts.
    """
    timed = [(case, times_of(case, waits)) for case in cases]
    resolved = sum(case.resolved_at is not None for case in cases)
    unattended = sum(case.is_unattended for case in cases)
    return Figures(
        since=since,
        until=until,
        count=len(cases),
        resolved=resolved,
        flapping=sum(case.flapping for case in cases),
        unattended=unattended / resolved if resolved else None,
        detect=spread(times.detect for _case, times in timed),
        acknowledge=_acknowledge(timed),
        resolve=_resolve(timed),
        weeks=_weeks(timed, since, until, watched_since),
        components=_parts(timed, lambda case: case.components, by_count=True),
        severities=_parts(timed, lambda case: (case.severity,), by_count=False),
        rules=tuple(sorted(rules, key=lambda rule: (-rule.fired, rule.rule))),
    )


def spread(durations: Iterable[timedelta | None]) -> Spread:
    """Mean, median and 90th percentile of the durations there are."""
    every = list(durations)
    known = sorted(each for each in every if each is not None)
    if not known:
        return Spread(None, None, None, 0, len(every))
    return Spread(
        mean=sum(known, timedelta(0)) / len(known),
        median=percentile(known, 50),
        p90=percentile(known, 90),
        count=len(known),
        missing=len(every) - len(known),
    )


def percentile(ascending: Sequence[timedelta], share: int) -> timedelta:
    """The nearest-rank percentile. Raises IndexError for none."""
    return ascending[max(0, math.ceil(share / 100 * len(ascending)) - 1)]


_Timed = Sequence[tuple[Case, Times]]


def _acknowledge(timed: _Timed) -> Spread:
    return spread(times.acknowledge for _case, times in timed)


def _resolve(timed: _Timed) -> Spread:
    return spread(times.resolve for _case, times in timed)


def monday(moment: datetime) -> date:
    """The first day of the week in which a moment lies."""
    return moment.date() - timedelta(days=moment.weekday())


def _weeks(timed: _Timed, since: datetime, until: datetime, watched_since: datetime | None) -> tuple[Week, ...]:
    by_week: dict[date, list[tuple[Case, Times]]] = {}
    for case, times in timed:
        by_week.setdefault(monday(case.opened_at), []).append((case, times))
    weeks, begins = [], monday(since)
    while begins <= until.date():
        own = by_week.get(begins, [])
        counts = dict.fromkeys(GRAVITY.values(), 0)
        for case, _times in own:
            counts[GRAVITY[severity_rank(case.severity)]] += 1
        unwatched = watched_since is not None and not own and begins + timedelta(days=7) <= watched_since.date()
        weeks.append(Week(begins, None if unwatched else counts, _acknowledge(own), _resolve(own)))
        begins += timedelta(days=7)
    return tuple(weeks)


def _parts(timed: _Timed, names_of: Callable[[Case], Iterable[str]], *, by_count: bool) -> tuple[Part, ...]:
    by_name: dict[str, list[tuple[Case, Times]]] = {}
    for case, times in timed:
        for name in names_of(case):
            by_name.setdefault(name, []).append((case, times))
    parts = [Part(name, len(own), _acknowledge(own), _resolve(own)) for name, own in by_name.items()]
    if by_count:
        return tuple(sorted(parts, key=lambda part: (-part.count, part.name)))
    return tuple(sorted(parts, key=lambda part: (-severity_rank(part.name), part.name)))


WEEKS_WIDTH = 720
WEEKS_HEIGHT = 120
_GAP = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a week's bar: the incidents of one gravity. `gravity` is `missing` where nothing was watched."""

    x: float
    y: float
    width: float
    height: float
    gravity: str


def blocks(weeks: Sequence[Week]) -> tuple[Block, ...]:
    """The weeks as bars in a picture of `WEEKS_WIDTH` by `WEEKS_HEIGHT`, the gravest at the foot."""
    if not weeks:
        return ()
    step = WEEKS_WIDTH / len(weeks)
    width = round(max(1.0, step - _GAP), 1)
    most = max([1, *(week.count or 0 for week in weeks)])
    drawn = []
    for number, week in enumerate(weeks):
        x, y = round(number * step + _GAP / 2, 1), float(WEEKS_HEIGHT)
        if week.by_gravity is None:
            drawn.append(Block(x, 0, width, WEEKS_HEIGHT, "missing"))
            continue
        for gravity, count in week.by_gravity.items():
            if count:
                height = count / most * WEEKS_HEIGHT
                y -= height
                drawn.append(Block(x, round(y, 1), width, round(height, 1), gravity))
    return tuple(drawn)
