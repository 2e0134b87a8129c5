"""Reads what the status page shows, at most every other second however many people look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sereno.core.cached import Cached
from sereno.core.errors import Unavailable
from sereno.core.text import LANGUAGES
from sereno.respond.alerts.model import Alert
from sereno.respond.status.model import ShownAlert, Status, build_status, public_sentence
from sereno.respond.status.things import Watched
from sereno.watch.model import FiringAlert, HostHistory, Overview, Window
from sereno.watch.service import Readings

OVERVIEW_SECONDS = 2.0
HISTORY_SECONDS = {Window.HOUR: 15.0, Window.DAY: 60.0}
"""A chart's step is half a minute and twelve minutes; asked more often it would be the same picture."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which components there are, in which order, and what the words of our own alerts are.

    `optional` need not exist; `own_alerts` are the names of rules that Sereno brought itself. `watched` answers what
    users have of their own now, also without a database; `hosts` are the names of further machines.
    """

    components: tuple[str, ...]
    optional: frozenset[str]
    own_alerts: frozenset[str]
    watched: Callable[[], Sequence[Watched]] = tuple
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was measured at one moment, and what users had watched then."""

    overview: Overview
    watched: tuple[Watched, ...]


class StatusReader:
    """The state of everything, joined from Prometheus and the desk's alerts. Thread-safe.

    `stored_alerts` answers the alerts that the desk has open; it raises Unavailable without a database.
    """

    def __init__(self, readings: Readings, stored_alerts: Callable[[], Sequence[Alert]], catalogue: Catalogue) -> None:
        self._readings = readings
        self._stored_alerts = stored_alerts
        self._catalogue = catalogue
        self._overview = Cached(self._look, seconds=OVERVIEW_SECONDS)
        self._histories = {
            window: Cached(lambda window=window: self._history(window), seconds=seconds, patience_seconds=4 * seconds)  # type: ignore[misc]
            for window, seconds in HISTORY_SECONDS.items()
        }
        self._live = Cached(self._from_the_desk, seconds=OVERVIEW_SECONDS)

    def live(self) -> Status:
        """The state with the alerts that the desk has stored. Raises Unavailable without a database."""
        return self._live.get()

    def without_database(self) -> Status:
        """The state by Prometheus's own account, for the copy that answers while the desk or its database is down."""
        seen = self._overview.get()
        return self._status(seen, [self._raised(alert, seen) for alert in seen.overview.alerts])

    def _from_the_desk(self) -> Status:
        alerts = self._stored_alerts()
        seen = self._overview.get()
        return self._status(seen, [self._stored(alert, seen) for alert in alerts if not alert.is_heartbeat])

    def _look(self) -> _Seen:
        watched = tuple(self._catalogue.watched())
        names = (*self._catalogue.components, *(each.name for each in watched))
        return _Seen(self._readings.overview(names), watched)

    def _status(self, seen: _Seen, alerts: Sequence[ShownAlert]) -> Status:
        answered = seen.overview.answered
        histories = {window: cached.get() for window, cached in self._histories.items()} if answered else {}
        return build_status(
            seen.overview,
            histories,
            alerts,
            optional=self._catalogue.optional,
            watched=seen.watched,
            hosts=self._catalogue.hosts,
        )

    def _history(self, window: Window) -> Sequence[HostHistory]:
        try:
            return self._readings.history(window)
        except Unavailable:
            return ()  # The page then says of this chart that nothing is known.

    def _stored(self, alert: Alert, seen: _Seen) -> ShownAlert:
        details = alert.details
        sentences = {language: alert.summary(language) for language in LANGUAGES}
        return ShownAlert(
            name=details.name,
            severity=details.severity,
            began_at=alert.began_at,
            suppressed=alert.suppressed,
            sentences=sentences,
            public_sentences=self._public(sentences, details.name, dict(details.labels), seen),
            id=alert.id,
            incident_id=alert.incident_id,
        )

    def _raised(self, alert: FiringAlert, seen: _Seen) -> ShownAlert:
        sentences = {language: alert.summary(language) for language in LANGUAGES}
        return ShownAlert(
            name=alert.name,
            severity=alert.severity.value,
            began_at=alert.active_at,
            suppressed=False,
            sentences=sentences,
            public_sentences=self._public(sentences, alert.name, dict(alert.labels), seen),
        )

    def _public(self, sentences: dict[str, str], name: str, labels: dict[str, str], seen: _Seen) -> dict[str, str]:
        is_ours = name in self._catalogue.own_alerts
        of_users = (each.name for each in seen.watched if each.public)
        names = frozenset((*self._catalogue.components, *self._catalogue.hosts, *of_users))
        return {
            language: public_sentence(sentence, name, labels, is_ours=is_ours, public_names=names)
            for language, sentence in sentences.items()
        }
