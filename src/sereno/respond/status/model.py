"""What the status page says, decided from what was measured. Pure: no clock, no file, no network.

`None` is "not known" throughout, and is never shown as zero or as fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from sereno.respond.status.charts import Chart, Side, draw
from sereno.watch.model import (
    ComponentReading,
    HostHistory,
    HostReading,
    Line,
    Overview,
    State,
    Thresholds,
    Window,
)

SERVING = ("nginx", "webapp", "mysql")
"""The components that a visitor's request passes through: when one of them is down, so is the service."""

STALE_SCRAPE = timedelta(seconds=90)
"""Six scrapes at the usual interval: older measurements say how it was, not how it is."""

PUBLIC_LABELS = frozenset({"alertname", "severity", "job", "component", "groupname", "task", "state", "code"})
"""Labels whose values may stand on the public page; addresses, paths and devices may not."""


class Overall(StrEnum):
    """The whole state in a word, from good to bad; unknown is neither."""

    OK = "ok"
    ATTENTION = "attention"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert as the page shows it; the sentences are by language, the public one without any internals."""

    name: str
    severity: str
    began_at: datetime
    suppressed: bool
    sentences: Mapping[str, str]
    public_sentences: Mapping[str, str]
    id: int | None = None
    """The desk's number for it, None for one that only Prometheus tells of."""


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
class Status:
    """Everything that the page, its JSON and its stale copy are made from.

    `problem` is None when Prometheus answered. `host_name` is for signed-in readers.
    """

    overall: Overall
    taken_at: datetime
    last_scrape: datetime | None
    scrape_is_old: bool
    problem: str | None
    service: tuple[ComponentReading, ...]
    watch: tuple[ComponentReading, ...]
    gauges: tuple[Gauge, ...]
    alerts: tuple[ShownAlert, ...]
    host_name: str | None

    @property
    def components(self) -> tuple[ComponentReading, ...]:
        """All of them, those that serve first."""
        return self.service + self.watch

    @property
    def down(self) -> tuple[ComponentReading, ...]:
        """The components that are known to be down."""
        return tuple(one for one in self.components if one.state is State.DOWN)


def build_status(
    overview: Overview,
    histories: Mapping[Window, Sequence[HostHistory]],
    alerts: Sequence[ShownAlert],
    *,
    optional: Iterable[str] = (),
) -> Status:
    """Join what was measured into what is shown.

    `optional` names components that need not exist: one that was never seen is left out instead of unknown.
    """
    may_be_missing = frozenset(optional)
    shown = [
        one
        for one in overview.components
        if not (one.name in may_be_missing and one.state is State.UNKNOWN and one.since is None)
    ]
    host = overview.hosts[0] if overview.hosts else None
    old = overview.last_scrape is None or overview.taken_at - overview.last_scrape > STALE_SCRAPE
    gauges = _gauges(host, overview.thresholds, histories)
    return Status(
        overall=overall_of(shown, alerts, gauges, known=overview.answered and not old),
        taken_at=overview.taken_at,
        last_scrape=overview.last_scrape,
        scrape_is_old=old,
        problem=overview.problem,
        service=tuple(one for one in shown if one.name in SERVING),
        watch=tuple(one for one in shown if one.name not in SERVING),
        gauges=gauges,
        alerts=tuple(sorted(alerts, key=_loudest_first)),
        host_name=host.name if host else None,
    )


def overall_of(
    components: Sequence[ComponentReading], alerts: Sequence[ShownAlert], gauges: Sequence[Gauge], *, known: bool
) -> Overall:
    """The worst that is certain comes first; what cannot be seen is told before anything is called well."""
    loud = [alert for alert in alerts if not alert.suppressed]
    serving = [one for one in components if one.name in SERVING]
    if any(one.state is State.DOWN for one in serving):
        return Overall.DOWN
    if not known or any(one.state is State.UNKNOWN for one in serving):
        return Overall.UNKNOWN
    if (
        any(one.state is not State.UP for one in components)
        or any(alert.severity != "info" for alert in loud)
        or any(gauge.beyond for gauge in gauges)
    ):
        return Overall.ATTENTION
    return Overall.OK


def _loudest_first(alert: ShownAlert) -> tuple[int, datetime]:
    order = {"critical": 0, "warning": 1, "info": 3}
    return order.get(alert.severity, 2), alert.began_at


def _gauges(
    host: HostReading | None, thresholds: Thresholds, histories: Mapping[Window, Sequence[HostHistory]]
) -> tuple[Gauge, ...]:
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


def public_sentence(
    sentence: str, name: str, labels: Mapping[str, str], *, is_ours: bool, public_names: frozenset[str] = frozenset()
) -> str:
    """`sentence` when it gives away nothing of the inside, else the alert's bare name.

    `public_names` may be said whichever label they come from: the components, which the page names anyway. A rule that
    users wrote themselves may say anything, so of those only the name is public.
    """
    hidden = [
        value for label, value in labels.items() if value and label not in PUBLIC_LABELS and value not in public_names
    ]
    return sentence if is_ours and not any(value in sentence for value in hidden) else name
