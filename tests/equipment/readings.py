"""Measurements as Prometheus would give them, for tests of what is shown; never used outside of tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sereno.core.errors import Unavailable
from sereno.watch.model import (
    POINTS,
    ComponentReading,
    Consumer,
    DiskReading,
    FiringAlert,
    HostHistory,
    HostReading,
    Line,
    Overview,
    Point,
    Severity,
    State,
    Thresholds,
    Window,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
THRESHOLDS = Thresholds(cpu_percent=80, memory_available_percent=20, disk_free_percent=15)
GIB = 1024**3

HOST = HostReading(
    instance="10.1.2.3:9100",
    name="cellar-42",
    scraped_at=NOON,
    cpu_percent=23.4,
    memory_available_percent=61.2,
    memory_available_bytes=4.9 * GIB,
    memory_total_bytes=8 * GIB,
    load_per_core=0.4,
    disks=(
        DiskReading("/", "/dev/vda1", 44.0, 22 * GIB, 50 * GIB),
        DiskReading("/srv/hidden-place", "/dev/vdb1", 71.0, 71 * GIB, 100 * GIB),
    ),
)


def line(name: str, values: Sequence[float | None], window: Window, end: datetime = NOON) -> Line:
    """A line of `POINTS` points whose last ones are `values`; nothing was measured before."""
    filled = [None] * (POINTS - len(values)) + list(values)
    start = end - window.step * (POINTS - 1)
    return Line(name, tuple(Point(start + window.step * index, value) for index, value in enumerate(filled)))


def history(window: Window, *, cpu: Sequence[float | None] = (), host: HostReading = HOST) -> HostHistory:
    """Charts of `host`: CPU as given (else a gentle wave), memory and disks level."""
    wave = [20 + index % 7 for index in range(POINTS)]
    return HostHistory(
        instance=host.instance,
        window=window,
        cpu_percent=line("cpu", list(cpu) or wave, window),
        memory_available_percent=line("memory", [61.0] * POINTS, window),
        disk_free_percent=tuple(line(disk.mountpoint, [disk.free_percent] * POINTS, window) for disk in host.disks),
    )


def alert(name: str = "LowDiskSpace", severity: Severity = Severity.CRITICAL, **labels: str) -> FiringAlert:
    """An alert that Prometheus counts as firing since ten minutes before noon."""
    annotations = {"summary": f"{name} on {labels.get('mountpoint', 'it')}", "summary_es": f"{name} en español"}
    return FiringAlert(
        name, severity, {"alertname": name, **labels}, annotations, active_at=NOON - timedelta(minutes=10), value=1.0
    )


@dataclass
class Readings:
    """Answers like `sereno.watch.service.Readings`; a test changes what it answers and counts how often it is asked."""

    states: dict[str, State] = field(default_factory=dict)
    hosts: tuple[HostReading, ...] = (HOST,)
    alerts: tuple[FiringAlert, ...] = ()
    problem: str | None = None
    taken_at: datetime = NOON
    last_scrape: datetime | None = NOON - timedelta(seconds=5)
    cpu: Sequence[float | None] = ()
    consumers: tuple[Consumer, ...] = (
        Consumer("mysql", cores=0.5, cpu_percent=25.0, memory_bytes=200 * 1024**2, processes=1),
        Consumer("webapp", cores=0.1, cpu_percent=5.0, memory_bytes=90 * 1024**2, processes=3),
    )
    asked: int = 0

    def overview(self, components: Sequence[str]) -> Overview:
        self.asked += 1
        if self.problem is not None:
            unknown = tuple(ComponentReading(name, State.UNKNOWN) for name in components)
            return Overview(self.taken_at, THRESHOLDS, (), unknown, (), None, self.problem)
        since = self.taken_at - timedelta(hours=3)
        readings = tuple(
            ComponentReading(name, state, since if state is not State.UNKNOWN else None)
            for name in components
            for state in [self.states.get(name, State.UP)]
        )
        return Overview(self.taken_at, THRESHOLDS, self.hosts, readings, self.alerts, self.last_scrape)

    def history(self, window: Window) -> tuple[HostHistory, ...]:
        if self.problem is not None:
            raise Unavailable(self.problem)
        return tuple(history(window, cpu=self.cpu, host=host) for host in self.hosts)

    def top_consumers(self, limit: int = 5) -> tuple[Consumer, ...]:
        if self.problem is not None:
            raise Unavailable(self.problem)
        return self.consumers[:limit]


__all__ = ["HOST", "NOON", "THRESHOLDS", "Readings", "alert", "history", "line"]
