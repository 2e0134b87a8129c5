"""What the worker does for incidents besides settling them: measures, and what happened around them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge

from sereno.core.clock import Clock
from sereno.core.errors import Unavailable
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.keep.backups.folder import backups_on
from sereno.keep.backups.ports import Shelf
from sereno.respond.incidents.around import Happening, settings_changes, tell_around
from sereno.respond.incidents.figures import Figures, Spread
from sereno.respond.incidents.figures_store import read_figures
from sereno.respond.incidents.model import Kind, State, severity_rank
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.strip import GRAVITY
from sereno.respond.incidents.times import waits_of
from sereno.settings import Settings
from sereno.watch.conventions import (
    INCIDENT_ACKNOWLEDGE,
    INCIDENT_DETECT,
    INCIDENT_RESOLVE,
    INCIDENTS_BEGUN,
    INCIDENTS_FLAPPING,
    INCIDENTS_OPEN,
    INCIDENTS_UNATTENDED,
    PROCESS_STARTS,
)
from sereno.watch.ports import Prometheus

AROUND_SECONDS = 15
MEASURE_SECONDS = 30
FIGURES_SPAN = timedelta(days=30)

_LATEST_BACKUPS = 5


class IncidentMeasures:
    """What `/metrics` tells of incidents; a statistic that no incident has a value for is not there at all."""

    def __init__(self, registry: CollectorRegistry, settings: Settings, database: Database, clock: Clock) -> None:
        self._waits = waits_of(settings)
        self._database = database
        self._clock = clock
        self._incidents = Incidents(database, clock=clock)
        self._open = Gauge(
            INCIDENTS_OPEN,
            "Incidents that are not over, by severity and state.",
            ["severity", "state"],
            registry=registry,
        )
        self._begun = Gauge(INCIDENTS_BEGUN, "Incidents that began in the last 30 days.", registry=registry)
        self._flapping = Gauge(
            INCIDENTS_FLAPPING, "Those of them that came back after they seemed over.", registry=registry
        )
        self._unattended = Gauge(
            INCIDENTS_UNATTENDED, "Share of the resolved ones that nobody took or ended.", registry=registry
        )
        self._times = {
            name: Gauge(name, words, ["statistic"], registry=registry)
            for name, words in (
                (
                    INCIDENT_DETECT,
                    "From the begin of the condition until the desk was told; mean, median and p90 of 30 days.",
                ),
                (INCIDENT_ACKNOWLEDGE, "From the begin until somebody took it; mean, median and p90 of 30 days."),
                (INCIDENT_RESOLVE, "From the begin until the end; mean, median and p90 of 30 days."),
            )
        }

    def show(self) -> None:
        """Set every gauge. Raises Unavailable."""
        now = self._clock()
        counts: Counter[tuple[str, str]] = Counter()
        for (state, severity), count in self._incidents.counts().items():
            counts[GRAVITY[severity_rank(severity)], state.value] += count
        for gravity in GRAVITY.values():
            for state in (State.OPEN, State.ACKNOWLEDGED):
                self._open.labels(severity=gravity, state=state.value).set(counts[gravity, state.value])
        with self._database.unit_of_work() as session:
            found = read_figures(session, self._waits, since=now - FIGURES_SPAN, until=now)
        self._show_figures(found)

    def _show_figures(self, found: Figures) -> None:
        self._begun.set(found.count)
        self._flapping.set(found.flapping)
        self._unattended.set(float("nan") if found.unattended is None else found.unattended)
        self._show_spread(INCIDENT_DETECT, found.detect)
        self._show_spread(INCIDENT_ACKNOWLEDGE, found.acknowledge)
        self._show_spread(INCIDENT_RESOLVE, found.resolve)

    def _show_spread(self, name: str, spread: Spread) -> None:
        gauge = self._times[name]
        gauge.clear()
        for statistic, value in (("mean", spread.mean), ("median", spread.median), ("p90", spread.p90)):
            if value is not None:
                gauge.labels(statistic=statistic).set(value.total_seconds())


class Around:
    """Looks at what happens on this machine, and tells it on the timelines of incidents that are not over."""

    def __init__(
        self, settings: Settings, database: Database, prometheus: Prometheus, shelf: Shelf, *, clock: Clock
    ) -> None:
        self._fingerprint = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()
        self._database = database
        self._prometheus = prometheus
        self._shelf = shelf
        self._clock = clock

    def look(self) -> None:
        """Tell what is new. A Prometheus that is away hides restarts until it answers, and nothing else."""
        now = self._clock()
        happenings = [*self._restarts(), *self._backups()]
        in_one_transaction(
            self._database,
            lambda session: tell_around(
                session, [*happenings, *settings_changes(session, self._fingerprint, now)], now
            ),
        )

    def _restarts(self) -> Sequence[Happening]:
        try:
            found = self._prometheus.instant(PROCESS_STARTS)
        except Unavailable:
            return ()
        return [
            # Whole seconds: the exporter reckons the start from the time since boot, and wavers by parts of one.
            Happening(Kind.RESTARTED, datetime.fromtimestamp(round(each.value), UTC), each.labels["groupname"])
            for each in found
            if each.labels.get("groupname")
        ]

    def _backups(self) -> Sequence[Happening]:
        return [Happening(Kind.BACKUP, each.made_at, each.name) for each in backups_on(self._shelf)[:_LATEST_BACKUPS]]
