"""Turns Prometheus's answers to `queries` into readings; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sereno.watch.model import (
    ComponentReading,
    Consumer,
    DiskReading,
    HostHistory,
    HostReading,
    Line,
    State,
    Window,
    finite,
    on_grid,
    stretch,
)
from sereno.watch.ports import Measured, MeasuredRange


class Answers:
    """The series of one answer, by the label `reading`."""

    def __init__(self, series: Iterable[Measured]) -> None:
        self._by_reading: defaultdict[str, list[Measured]] = defaultdict(list)
        for one in series:
            self._by_reading[one.labels.get("reading", "")].append(one)

    def series(self, reading: str) -> Sequence[Measured]:
        """All series of `reading`; empty when nothing was measured."""
        return self._by_reading.get(reading, [])

    def value(self, reading: str, **labels: str) -> float | None:
        """The finite value of the first series of `reading` that has these labels, else None."""
        for one in self.series(reading):
            if all(one.labels.get(name) == value for name, value in labels.items()):
                return finite(one.value)
        return None

    def moment(self, reading: str, **labels: str) -> datetime | None:
        """The same as a time, for readings that are Unix seconds."""
        seconds = self.value(reading, **labels)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def labels(self, reading: str, name: str) -> list[str]:
        """The different values of the label `name` in `reading`, sorted."""
        return sorted({one.labels[name] for one in self.series(reading) if name in one.labels})


def percent(part: float | None, whole: float | None) -> float | None:
    """`part` of `whole` in percent; None when either is not known or there is no whole."""
    return None if part is None or not whole else 100 * part / whole


def component_readings(answers: Answers, components: Sequence[str]) -> tuple[ComponentReading, ...]:
    """One reading for each of `components`, in their order; what was not measured is unknown."""
    return tuple(_component(answers, name) for name in components)


def _component(answers: Answers, name: str) -> ComponentReading:
    up = answers.value("state", component=name)
    state = State.UNKNOWN if up is None else State.UP if up >= 1 else State.DOWN
    since, earliest_known = stretch(
        state,
        last_up=answers.moment("last_up", component=name),
        last_down=answers.moment("last_down", component=name),
        first_seen=answers.moment("first_seen", component=name),
    )
    return ComponentReading(name, state, since, earliest_known)


def host_readings(answers: Answers) -> tuple[HostReading, ...]:
    """One reading for each machine whose Node Exporter was scraped, by instance."""
    return tuple(_host(answers, instance) for instance in answers.labels("scraped", "instance"))


def _host(answers: Answers, instance: str) -> HostReading:
    available = answers.value("memory_available", instance=instance)
    total = answers.value("memory_total", instance=instance)
    names = [one.labels.get("nodename") for one in answers.series("host") if one.labels.get("instance") == instance]
    return HostReading(
        instance=instance,
        name=names[0] if names else None,
        scraped_at=answers.moment("scraped", instance=instance),
        cpu_percent=answers.value("cpu", instance=instance),
        memory_available_percent=percent(available, total),
        memory_available_bytes=available,
        memory_total_bytes=total,
        load_per_core=answers.value("load", instance=instance),
        disks=tuple(_disks(answers, instance)),
    )


def _disks(answers: Answers, instance: str) -> Iterator[DiskReading]:
    here = [one.labels for one in answers.series("disk_size") if one.labels.get("instance") == instance]
    for device, mountpoint in sorted(distinct_disks(here).items(), key=lambda disk: disk[1]):
        where = {"instance": instance, "device": device, "mountpoint": mountpoint}
        free = answers.value("disk_free", **where)
        size = answers.value("disk_size", **where)
        yield DiskReading(mountpoint, device, percent(free, size), free, size)


def distinct_disks(labels: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Device → the shortest of its mount points: one disk that is mounted five times is one disk."""
    mountpoints: defaultdict[str, list[str]] = defaultdict(list)
    for one in labels:
        mountpoints[one.get("device", "")].append(one.get("mountpoint", ""))
    return {device: min(points, key=lambda point: (len(point), point)) for device, points in mountpoints.items()}


def host_histories(series: Sequence[MeasuredRange], *, window: Window, end: datetime) -> tuple[HostHistory, ...]:
    """The charts of each machine that has any, by instance."""
    instances = sorted({one.labels["instance"] for one in series if "instance" in one.labels})
    return tuple(
        _history([one for one in series if one.labels.get("instance") == instance], instance, window, end)
        for instance in instances
    )


def _history(series: Sequence[MeasuredRange], instance: str, window: Window, end: datetime) -> HostHistory:
    by_reading: defaultdict[str, list[MeasuredRange]] = defaultdict(list)
    for one in series:
        by_reading[one.labels.get("reading", "")].append(one)

    def line(name: str, reading: str) -> Line | None:
        return next((Line(name, on_grid(one.points, end=end, window=window)) for one in by_reading[reading]), None)

    shown = distinct_disks(one.labels for one in by_reading["disk"])
    disks = [
        Line(one.labels.get("mountpoint", ""), on_grid(one.points, end=end, window=window))
        for one in by_reading["disk"]
        if shown[one.labels.get("device", "")] == one.labels.get("mountpoint", "")
    ]
    return HostHistory(
        instance=instance,
        window=window,
        cpu_percent=line("cpu", "cpu"),
        memory_available_percent=line("memory", "memory"),
        disk_free_percent=tuple(sorted(disks, key=lambda disk: disk.name)),
    )


def consumers(answers: Answers) -> tuple[Consumer, ...]:
    """One consumer for each process group that has processes or had some in the last minute."""
    machine = answers.value("machine_cores")
    return tuple(_consumer(answers, name, machine) for name in answers.labels("processes", "groupname"))


def _consumer(answers: Answers, name: str, machine_cores: float | None) -> Consumer:
    cores = answers.value("cores", groupname=name)
    processes = answers.value("processes", groupname=name)
    # Zero means that the kernel refused: proportional memory may only be read by the process's owner or root.
    memory = answers.value("pss", groupname=name) or answers.value("rss", groupname=name)
    return Consumer(
        component=name,
        cores=cores,
        cpu_percent=percent(cores, machine_cores),
        memory_bytes=memory,
        processes=None if processes is None else int(processes),
    )
