"""What watch tells about the system: values and the arithmetic on them, no input or output.

Absence has one meaning throughout: `None` is "not known now" (Prometheus did not answer, the exporter was not
scraped, or the number was not finite). It is never zero and never "fine". Percentages run from 0 to 100, times are
aware and in UTC, sizes are bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """What is known of a component now."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How loudly an alert speaks; `NONE` is the Watchdog's, which fires always and means that all is well."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"


class Window(StrEnum):
    """How far back a chart looks. Each has `POINTS` points, so the step follows from the length."""

    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        return timedelta(hours=1) if self is Window.HOUR else timedelta(days=1)

    @property
    def step(self) -> timedelta:
        return self.length / POINTS


POINTS = 120
"""Points of a chart: more than a phone's width can show would only cost time."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of the seed's host alerts, in percent, as the settings have them."""

    cpu_percent: float
    memory_available_percent: float
    disk_free_percent: float


@dataclass(frozen=True, slots=True)
class DiskReading:
    """One real file system (the kinds that `conventions.REAL_FILESYSTEM` selects)."""

    mountpoint: str
    device: str
    free_percent: float | None
    free_bytes: float | None
    size_bytes: float | None

    def is_low(self, thresholds: Thresholds) -> bool | None:
        """Whether less is free than the threshold allows; None when it is not known."""
        return None if self.free_percent is None else self.free_percent < thresholds.disk_free_percent


@dataclass(frozen=True, slots=True)
class HostReading:
    """One machine as its Node Exporter saw it at `scraped_at`.

    `instance` is Prometheus's label; `name` is the machine's own host name, None when the exporter did not say.
    """

    instance: str
    name: str | None
    scraped_at: datetime | None
    cpu_percent: float | None
    memory_available_percent: float | None
    memory_available_bytes: float | None
    memory_total_bytes: float | None
    load_per_core: float | None
    disks: tuple[DiskReading, ...]

    def cpu_is_high(self, thresholds: Thresholds) -> bool | None:
        """Whether the processors are busier than the threshold; None when it is not known."""
        return None if self.cpu_percent is None else self.cpu_percent > thresholds.cpu_percent

    def memory_is_low(self, thresholds: Thresholds) -> bool | None:
        """Whether less memory is available than the threshold; None when it is not known."""
        available = self.memory_available_percent
        return None if available is None else available < thresholds.memory_available_percent


@dataclass(frozen=True, slots=True)
class ComponentReading:
    """Whether one component runs, as Prometheus last measured it.

    `since` is when the present state began, to within one scrape interval. With `since_is_earliest_known` no change
    has been seen: the state is at least that old, and may be older. `since` is None when nothing is remembered. For
    an unknown state `since` is the last moment at which the state was known.
    """

    name: str
    state: State
    since: datetime | None = None
    since_is_earliest_known: bool = False


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """An alert that Prometheus itself counts as firing now, whatever has been delivered of it."""

    name: str
    severity: Severity
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    active_at: datetime
    value: float | None

    def summary(self, language: str) -> str:
        """The alert's sentence in `language`; English where there is no other, its name where there is none."""
        return self._annotation("summary", language) or self.name

    def description(self, language: str) -> str:
        """What it means in `language`; English where there is no other, empty where there is none."""
        return self._annotation("description", language)

    def _annotation(self, key: str, language: str) -> str:
        return self.annotations.get(f"{key}_{language}") or self.annotations.get(key, "")


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the status page shows of this moment.

    `problem` is None when Prometheus answered; else it says in words why not, and then every component is unknown
    and there are no hosts and no alerts, which must not be read as "no alert fires". `last_scrape` is the latest
    time at which any target was asked.
    """

    taken_at: datetime
    thresholds: Thresholds
    hosts: tuple[HostReading, ...]
    components: tuple[ComponentReading, ...]
    alerts: tuple[FiringAlert, ...]
    last_scrape: datetime | None
    problem: str | None = None

    @property
    def answered(self) -> bool:
        """Whether Prometheus could be asked."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart; `value` is None where nothing was measured, so that the line breaks there."""

    at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: `POINTS` points at equal steps, oldest first, in percent."""

    name: str
    points: tuple[Point, ...]

    @property
    def known(self) -> tuple[float, ...]:
        """The values that were measured."""
        return tuple(point.value for point in self.points if point.value is not None)


@dataclass(frozen=True, slots=True)
class HostHistory:
    """The charts of one machine over `window`.

    CPU is the mean of each step; memory and disk are the least of each step, since those alerts look downwards.
    `disks` has one line per mount point. A line without any measured point is left out (`None`).
    """

    instance: str
    window: Window
    cpu_percent: Line | None
    memory_available_percent: Line | None
    disk_free_percent: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Consumer:
    """What one component takes of the machine, as process-exporter counts its processes over the last minute.

    `cpu_percent` is the share of the whole machine (100: every core busy), None when the number of cores is not
    known; `cores` is the same in cores. `memory_bytes` is proportional (PSS) where the kernel lets it be read, else
    resident.
    """

    component: str
    cores: float | None
    cpu_percent: float | None
    memory_bytes: float | None
    processes: int | None


def finite(value: float | None) -> float | None:
    """The number, or None for NaN and the infinities: Prometheus writes those for 0/0 and x/0."""
    return value if value is not None and math.isfinite(value) else None


def busiest_first(consumers: Iterable[Consumer]) -> tuple[Consumer, ...]:
    """By processor time, then memory, then name; what is not known comes last."""

    def rank(consumer: Consumer) -> tuple[float, float, str]:
        return (
            -(consumer.cores if consumer.cores is not None else -1.0),
            -(consumer.memory_bytes if consumer.memory_bytes is not None else -1.0),
            consumer.component,
        )

    return tuple(sorted(consumers, key=rank))


def on_grid(points: Mapping[float, float], *, end: datetime, window: Window) -> tuple[Point, ...]:
    """Lay measured `points` (Unix seconds → value) on the window's grid, with None where one is missing.

    `end` is the grid's last moment (see `grid_end`). Times are matched to the nearest second, since Prometheus
    answers range queries exactly on the asked times but as floats.
    """
    by_second = {round(at): finite(value) for at, value in points.items()}
    moments = (end - window.step * (POINTS - 1 - index) for index in range(POINTS))
    return tuple(Point(moment, by_second.get(round(moment.timestamp()))) for moment in moments)


def grid_end(now: datetime) -> datetime:
    """The last whole half minute before `now`: charts asked for twice within it are the same chart."""
    grain = (Window.HOUR.length / POINTS).total_seconds()
    return datetime.fromtimestamp(now.timestamp() // grain * grain, tz=now.tzinfo)


def stretch(
    state: State, *, last_up: datetime | None, last_down: datetime | None, first_seen: datetime | None
) -> tuple[datetime | None, bool]:
    """Since when `state` lasts, and whether that is only the earliest known moment.

    `last_up` and `last_down` are when the component was last seen in each state, `first_seen` when measuring began.
    """
    if state is State.UNKNOWN:
        return max((moment for moment in (last_up, last_down) if moment), default=None), False
    other = last_down if state is State.UP else last_up
    return (other, False) if other else (first_seen, first_seen is not None)
