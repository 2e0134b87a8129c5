"""Incidents of the last days as a picture, and the same in numbers: geometry only, so that it needs no script.

The strip is `WIDTH` units wide. Each incident is a bar from its begin to its end (or to now), as high as it is grave;
what lasted at the same time lies in another lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sereno.respond.incidents.model import severity_rank

WIDTH = 720
LANE = 16
MOST_LANES = 8
LEAST_WIDTH = 3.0
"""Narrower bars could not be seen: a minute is a hundredth of a unit."""

GRAVITY = {3: "critical", 2: "warning", 1: "other", 0: "info"}
HEIGHTS = {"critical": 12, "warning": 8, "other": 6, "info": 4}


@dataclass(frozen=True, slots=True)
class Stroke:
    """What the picture needs of an incident; `resolved_at` is None while it lasts."""

    opened_at: datetime
    resolved_at: datetime | None
    severity: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One incident in the picture."""

    x: float
    y: float
    width: float
    height: int
    gravity: str
    lasts: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC): how many incidents began on it, and how many lasted at some moment of it."""

    date: date
    opened: int
    lasted: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The picture, and the days on which there was something. `left_out` counts what found no lane."""

    bars: tuple[Bar, ...]
    height: int
    left_out: int
    days: tuple[Day, ...]
    marks: tuple[date, ...]
    """Days to write under it, evenly spread: the first and the last are its ends."""

    opened: int
    lasting: int


def strip(strokes: Sequence[Stroke], now: datetime, *, days: int = 30) -> Strip:
    """The picture of the `days` before `now`."""
    begin = now - timedelta(days=days)
    shown = sorted(
        (each for each in strokes if each.resolved_at is None or each.resolved_at >= begin),
        key=lambda each: (each.opened_at, -severity_rank(each.severity)),
    )
    bars: list[Bar] = []
    ends: list[float] = []
    left_out = 0
    for each in shown:
        x, width = _place(each, begin, now)
        lane = next((number for number, end in enumerate(ends) if end < x), len(ends))
        if lane == MOST_LANES:
            left_out += 1
            continue
        ends[lane : lane + 1] = [x + width + 1]
        gravity = GRAVITY[severity_rank(each.severity)]
        height = HEIGHTS[gravity]
        y = lane * LANE + (LANE - height) / 2
        bars.append(Bar(round(x, 1), y, round(width, 1), height, gravity, each.resolved_at is None))
    return Strip(
        bars=tuple(bars),
        height=max(1, len(ends)) * LANE,
        left_out=left_out,
        days=_days(shown, begin, now),
        marks=tuple((begin + timedelta(days=days * part / 3)).date() for part in range(4)),
        opened=sum(each.opened_at >= begin for each in shown),
        lasting=sum(each.resolved_at is None for each in shown),
    )


def _place(stroke: Stroke, begin: datetime, now: datetime) -> tuple[float, float]:
    """Where its bar begins and how wide it is; the last ones keep their least width inside the picture."""
    whole = (now - begin).total_seconds()
    from_x = max(0.0, (stroke.opened_at - begin).total_seconds() / whole * WIDTH)
    to_x = min(float(WIDTH), ((stroke.resolved_at or now) - begin).total_seconds() / whole * WIDTH)
    width = max(LEAST_WIDTH, to_x - from_x)
    return min(from_x, WIDTH - width), width


def _days(strokes: Sequence[Stroke], begin: datetime, now: datetime) -> tuple[Day, ...]:
    """The days with something on them, newest first."""
    days = []
    for back in range((now.date() - begin.date()).days + 1):
        day = now.date() - timedelta(days=back)
        opened = sum(each.opened_at.date() == day for each in strokes)
        lasted = sum(each.opened_at.date() <= day <= (each.resolved_at or now).date() for each in strokes)
        if lasted:
            days.append(Day(day, opened, lasted))
    return tuple(days)
