"""What is measured of each machine, as gauges with their thresholds and their past. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sereno.respond.status.charts import Chart, Side, draw
from sereno.watch.model import HostHistory, HostReading, Line, Overview, Thresholds, Window


@dataclass(frozen=True, slots=True)
class Gauge:
    """One thing measured of the machine: its value now in percent, its threshold, and its past.

    `beyond` says whether the value is on the wrong side of the threshold, None when there is no value. `place` is a
    mount point, for signed-in readers; `number` tells several disks apart for everyone.
    """

    kind: Literal["cpu", "memory", "disk"]
    percent: float | None
    limit: float
    trouble: Side
    beyond: bool | None
    hour: Chart | None
    day: Chart | None
    free_bytes: float | None = None
    total_bytes: float | None = None
    place: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Machine:
    """A further machine under the name that the settings give it. `is_measured` is whether it answers now."""

    name: str
    gauges: tuple[Gauge, ...]
    is_measured: bool


def this_host(overview: Overview, others: Sequence[str]) -> HostReading | None:
    """The machine that Sereno runs on; None while it is not measured."""
    return next((each for each in overview.hosts if each.instance not in others), None)


def machines(
    overview: Overview, others: Sequence[str], histories: Mapping[Window, Sequence[HostHistory]]
) -> tuple[Machine, ...]:
    """Every further machine, in the settings' order; one that is not measured has empty gauges."""
    read = {each.instance: each for each in overview.hosts}
    return tuple(
        Machine(name, host_gauges(read.get(name), overview.thresholds, histories), name in read) for name in others
    )


def host_gauges(
    host: HostReading | None, thresholds: Thresholds, histories: Mapping[Window, Sequence[HostHistory]]
) -> tuple[Gauge, ...]:
    """CPU, memory, and each disk; without a host all of them unknown."""
    past = {window: _of_host(histories.get(window, ()), host) for window in Window}

    def gauge(
        kind: Literal["cpu", "memory", "disk"],
        percent: float | None,
        limit: float,
        lines: Mapping[Window, Line | None],
    ) -> Gauge:
        trouble: Side = "above" if kind == "cpu" else "below"
        return Gauge(
            kind=kind,
            percent=percent,
            limit=limit,
            trouble=trouble,
            beyond=None if percent is None else percent > limit if trouble == "above" else percent < limit,
            hour=draw(lines[Window.HOUR], Window.HOUR, limit=limit, trouble=trouble),
            day=draw(lines[Window.DAY], Window.DAY, limit=limit, trouble=trouble),
        )

    cpu = gauge(
        "cpu",
        host.cpu_percent if host else None,
        thresholds.cpu_percent,
        {window: own.cpu_percent if own else None for window, own in past.items()},
    )
    memory = gauge(
        "memory",
        host.memory_available_percent if host else None,
        thresholds.memory_available_percent,
        {window: own.memory_available_percent if own else None for window, own in past.items()},
    )
    if host is not None:
        memory = replace(memory, free_bytes=host.memory_available_bytes, total_bytes=host.memory_total_bytes)
    disks = []
    for number, disk in enumerate(host.disks if host else (), start=1):
        lines = {window: _disk_line(own, disk.mountpoint) for window, own in past.items()}
        drawn = gauge("disk", disk.free_percent, thresholds.disk_free_percent, lines)
        disks.append(
            replace(
                drawn, free_bytes=disk.free_bytes, total_bytes=disk.size_bytes, place=disk.mountpoint, number=number
            )
        )
    if not disks:
        nothing: dict[Window, Line | None] = dict.fromkeys(Window)
        disks = [gauge("disk", None, thresholds.disk_free_percent, nothing)]
    return (cpu, memory, *disks)


def _of_host(histories: Sequence[HostHistory], host: HostReading | None) -> HostHistory | None:
    return next((one for one in histories if host is not None and one.instance == host.instance), None)


def _disk_line(history: HostHistory | None, mountpoint: str) -> Line | None:
    lines = history.disk_free_percent if history else ()
    return next((line for line in lines if line.name == mountpoint), None)
