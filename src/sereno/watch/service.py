"""What watch can do: read the system's present state and its recent past from Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Protocol

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import Unavailable
from sereno.settings import Settings
from sereno.watch import queries
from sereno.watch.conventions import duration, rate_window
from sereno.watch.model import (
    ComponentReading,
    Consumer,
    FiringAlert,
    HostHistory,
    Overview,
    Severity,
    State,
    Thresholds,
    Window,
    busiest_first,
    finite,
    grid_end,
)
from sereno.watch.ports import Prometheus, RaisedAlert
from sereno.watch.readings import Answers, component_readings, consumers, host_histories, host_readings


class Readings(Protocol):
    """What the status page and the operators' pages are built from."""

    def overview(self, components: Sequence[str]) -> Overview:
        """The state now. Never raises for a Prometheus that is away: `Overview.problem` says so instead."""
        ...

    def history(self, window: Window) -> tuple[HostHistory, ...]:
        """The charts of every watched machine. Raises Unavailable when Prometheus does not answer."""
        ...

    def top_consumers(self, limit: int = 5) -> tuple[Consumer, ...]:
        """The components that take most now, busiest first. Raises Unavailable when Prometheus does not answer."""
        ...


class PrometheusReadings:
    """`Readings` from a real Prometheus: two requests for the overview, one for each of the others."""

    def __init__(self, prometheus: Prometheus, settings: Settings, clock: Clock = utc_now) -> None:
        self._prometheus = prometheus
        self._clock = clock
        self._window = rate_window(settings)
        self._thresholds = Thresholds(
            cpu_percent=settings.alerts.cpu_percent,
            memory_available_percent=settings.alerts.memory_available_percent,
            disk_free_percent=settings.alerts.disk_free_percent,
        )

    def overview(self, components: Sequence[str]) -> Overview:
        """See `Readings.overview`; `components` are the names to tell of, in the order they are wanted."""
        now = self._clock()
        try:
            answers = Answers(self._prometheus.instant(queries.overview(duration(self._window))))
            raised = self._prometheus.alerts()
        except Unavailable as error:
            return Overview(
                taken_at=now,
                thresholds=self._thresholds,
                hosts=(),
                components=tuple(ComponentReading(name, State.UNKNOWN) for name in components),
                alerts=(),
                last_scrape=None,
                problem=error.message,
            )
        return Overview(
            taken_at=now,
            thresholds=self._thresholds,
            hosts=host_readings(answers),
            components=component_readings(answers, components),
            alerts=firing(raised),
            last_scrape=answers.moment("last_scrape"),
        )

    def history(self, window: Window) -> tuple[HostHistory, ...]:
        """See `Readings.history`."""
        end = grid_end(self._clock().astimezone(UTC))
        width = duration(max(window.step, self._window))
        series = self._prometheus.range(
            queries.history(width), start=end - window.length + window.step, end=end, step=window.step
        )
        return host_histories(series, window=window, end=end)

    def top_consumers(self, limit: int = 5) -> tuple[Consumer, ...]:
        """See `Readings.top_consumers`."""
        answers = Answers(self._prometheus.instant(queries.consumers(duration(self._window))))
        return busiest_first(consumers(answers))[:limit]


_LOUDEST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def firing(raised: Sequence[RaisedAlert]) -> tuple[FiringAlert, ...]:
    """The alerts that fire, loudest first, then oldest; the Watchdog, which fires while all is well, is left out.

    A user's own rule may carry a severity that is not ours; it counts as a warning.
    """
    alerts = [_alert(alert) for alert in raised if alert.state == "firing"]
    spoken = [alert for alert in alerts if alert.severity is not Severity.NONE]
    return tuple(sorted(spoken, key=lambda alert: (_LOUDEST_FIRST.index(alert.severity), alert.active_at, alert.name)))


def _alert(alert: RaisedAlert) -> FiringAlert:
    severity = alert.labels.get("severity", "")
    return FiringAlert(
        name=alert.labels.get("alertname", ""),
        severity=Severity(severity) if severity in set(Severity) else Severity.WARNING,
        labels=alert.labels,
        annotations=alert.annotations,
        active_at=alert.active_at,
        value=finite(alert.value),
    )
