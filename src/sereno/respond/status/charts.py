"""Lines of measurements as pictures: geometry only, so that a template can draw them without a script.

A chart is `WIDTH` by `HEIGHT` units, 0 % at the bottom and 100 % at the top. The template stretches it to the width
there is, so the geometry holds no text: axis labels stand beside it in HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sereno.watch.model import Line, Point, Window

WIDTH = 240
HEIGHT = 64
SAMPLES = 6
"""Rows of the table that says the same as the picture, for whoever cannot see it."""

Side = Literal["above", "below"]
"""On which side of its threshold a value is trouble."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One line over one window. `line` and `area` are SVG path data; `limit_y` is where the threshold lies.

    `gaps` says that parts were not measured: the line breaks there instead of being drawn through.
    """

    window: Window
    line: str
    area: str
    limit_y: float
    lowest: float
    highest: float
    latest: float | None
    gaps: bool
    crossed: bool
    samples: tuple[Point, ...]

    @property
    def begins_at(self) -> datetime:
        """The first moment that the picture covers."""
        return self.samples[0].at

    @property
    def ends_at(self) -> datetime:
        """The last moment that the picture covers."""
        return self.samples[-1].at


def draw(line: Line | None, window: Window, *, limit: float, trouble: Side) -> Chart | None:
    """The chart of `line` with its threshold; None when nothing was measured in the window."""
    if line is None or not line.known:
        return None
    runs = list(_runs(line.points))
    known = line.known
    return Chart(
        window=window,
        line=" ".join(_path(run) for run in runs),
        area=" ".join(_closed(run) for run in runs),
        limit_y=_y(limit),
        lowest=min(known),
        highest=max(known),
        latest=line.points[-1].value,
        gaps=len(known) < len(line.points),
        crossed=max(known) > limit if trouble == "above" else min(known) < limit,
        samples=_sampled(line.points),
    )


def _runs(points: Sequence[Point]) -> Iterable[list[tuple[float, float]]]:
    """Stretches of measured points as coordinates; a missing point ends one."""
    step = WIDTH / max(1, len(points) - 1)
    run: list[tuple[float, float]] = []
    for index, point in enumerate(points):
        if point.value is None:
            if run:
                yield run
            run = []
        else:
            run.append((index * step, _y(point.value)))
    if run:
        yield run


def _y(percent: float) -> float:
    return round(HEIGHT * (1 - min(100.0, max(0.0, percent)) / 100), 1)


def _path(run: Sequence[tuple[float, float]]) -> str:
    first, *rest = run
    if not rest:
        # A single point has no length; a hair's breadth makes it visible.
        rest = [(first[0] + 0.5, first[1])]
    return f"M{_pair(first)}" + "".join(f"L{_pair(point)}" for point in rest)


def _closed(run: Sequence[tuple[float, float]]) -> str:
    """The same stretch as an area that stands on the bottom."""
    right = max(run[-1][0], run[0][0] + 0.5)
    return f"{_path(run)}L{_pair((right, HEIGHT))}L{_pair((run[0][0], HEIGHT))}Z"


def _pair(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:g}".replace(".0,", ",")


def _sampled(points: Sequence[Point]) -> tuple[Point, ...]:
    """A few points at equal distances, the first and the last among them."""
    last = len(points) - 1
    return tuple(points[round(index * last / (SAMPLES - 1))] for index in range(SAMPLES))
