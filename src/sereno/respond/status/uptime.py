"""How much of the time something was up: daily sums and what is made of them. Pure.

uptime = up / (up + down). Time that was not measured and time of scheduled maintenance count for neither side, and both
are shown beside it. Days are days of UTC. A share is None, never 0 or 1, when nothing was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

BAR_DAYS = 90
YEAR_DAYS = 365
DAY_SECONDS = 86_400
SHORT_SHARE = 0.99
"""A day that was up for at least so much of its measured time had a short outage, else a long one."""

Span = tuple[datetime, datetime]
"""From, up to."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day (or the sum of several) in whole seconds. A day that is over has 86,400 of them together."""

    up: int = 0
    down: int = 0
    unmeasured: int = 0
    maintenance: int = 0

    @property
    def uptime(self) -> float | None:
        """The share of the measured time in which it was up, 0 to 1; None when nothing was measured."""
        measured = self.up + self.down
        return self.up / measured if measured else None

    @property
    def known(self) -> int:
        """Seconds of which something is known: measured, or announced as maintenance."""
        return self.up + self.down + self.maintenance

    def __add__(self, other: Day) -> Day:
        return Day(
            self.up + other.up,
            self.down + other.down,
            self.unmeasured + other.unmeasured,
            self.maintenance + other.maintenance,
        )


class Kind(StrEnum):
    """What a day's bar says, besides its words."""

    UP = "up"
    SHORT = "short"
    LONG = "long"
    MAINTENANCE = "maintenance"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class Run:
    """Days beside each other that say the same, or one day with an outage. `index` counts from the bar's left."""

    kind: Kind
    index: int
    length: int
    begins: date
    ends: date
    day: Day


def day_start(day: date) -> datetime:
    """The first moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def roll_up(
    fractions: Mapping[float, float], *, begin: datetime, end: datetime, step: int, spans: Sequence[Span]
) -> Day:
    """Sum up what was measured from `begin` to `end`, both on multiples of `step` seconds.

    `fractions` says for each step, by its end in Unix seconds, in which share of its samples it was up; steps without
    a sample are missing. `spans` are times of maintenance, which must not overlap each other.
    """
    up = down = maintenance = 0.0
    first, last = round(begin.timestamp()), round(end.timestamp())
    within = [(max(first, a.timestamp()), min(last, b.timestamp())) for a, b in spans]
    for moment in range(first + step, last + 1, step):
        excluded = sum(max(0.0, min(moment, b) - max(moment - step, a)) for a, b in within)
        maintenance += excluded
        share = fractions.get(float(moment))
        if share is not None:
            up += share * (step - excluded)
            down += (1 - share) * (step - excluded)
    whole = max(0, last - first)
    rounded = Day(round(up), round(down), 0, round(maintenance))
    return replace(rounded, unmeasured=max(0, whole - rounded.known))


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same times without overlaps, in order."""
    result: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((begin, end))
    return result


def total(days: Iterable[Day]) -> Day:
    """The sum."""
    result = Day()
    for day in days:
        result += day
    return result


def kind_of(day: Day | None) -> Kind:
    """What a day's bar says; None is a day of which nothing is known."""
    if day is None or not day.known:
        return Kind.UNMEASURED
    if day.uptime is None:
        return Kind.MAINTENANCE
    if not day.down:
        return Kind.UP
    return Kind.SHORT if day.uptime >= SHORT_SHARE else Kind.LONG


def runs(days: Mapping[date, Day], *, last: date, length: int = BAR_DAYS) -> tuple[Run, ...]:
    """The bar of the `length` days up to and including `last`: a day with an outage for itself, the others joined."""
    result: list[Run] = []
    for index in range(length):
        day = last - timedelta(days=length - 1 - index)
        found = days.get(day)
        kind, seconds = kind_of(found), found or Day()
        before = result[-1] if result else None
        if before is not None and before.kind is kind and kind not in (Kind.SHORT, Kind.LONG):
            result[-1] = replace(before, length=before.length + 1, ends=day, day=before.day + seconds)
        else:
            result.append(Run(kind, index, 1, day, day, seconds))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Uptime:
    """What the pages show of one component: its bar, and its sums over the bar and over a year up to today."""

    runs: tuple[Run, ...]
    bar: Day
    year: Day

    @property
    def outages(self) -> int:
        """How many of the bar's days had an outage."""
        return sum(run.length for run in self.runs if run.kind in (Kind.SHORT, Kind.LONG))

    @property
    def unmeasured_days(self) -> int:
        """Of how many of the bar's days nothing is known."""
        return sum(run.length for run in self.runs if run.kind is Kind.UNMEASURED)


def uptime_of(days: Mapping[date, Day], year: Day, *, today: date) -> Uptime:
    """The bar that ends today, with its sum and the year's."""
    bar = runs(days, last=today)
    return Uptime(bar, total(run.day for run in bar), year)


def months(days: Mapping[date, Day]) -> list[tuple[date, Day]]:
    """Sums by calendar month (its first day), newest first."""
    sums: dict[date, Day] = {}
    for day, seconds in days.items():
        month = day.replace(day=1)
        sums[month] = sums.get(month, Day()) + seconds
    return sorted(sums.items(), reverse=True)


def percent_words(share: float | None) -> str:
    """A share as a percentage with two decimals, cut and never rounded up: 99.999 is not 100. A dash for None."""
    if share is None:
        return "–"
    hundredths = int(share * 10_000 + 1e-9)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
