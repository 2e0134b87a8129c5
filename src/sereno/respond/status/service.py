"""Reads what the status page shows, at most every other second however many people look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sereno.core.cached import Cached
from sereno.core.errors import Unavailable
from sereno.core.text import LANGUAGES
from sereno.respond.alerts.model import Alert
from sereno.respond.status.model import ShownAlert, Status, build_status, public_sentence
from sereno.watch.model import FiringAlert, HostHistory, Overview, Window
from sereno.watch.service import Readings

OVERVIEW_SECONDS = 2.0
HISTORY_SECONDS = {Window.HOUR: 15.0, Window.DAY: 60.0}
"""A chart's step is half a minute and twelve minutes; asked more often it would be the same picture."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which components there are, in which order, and what the words of our own alerts are.

    `optional` need not exist; `own_alerts` are the names of rules that Sereno brought itself.
    """

    components: tuple[str, ...]
    optional: frozenset[str]
    own_alerts: frozenset[str]


class StatusReader:
    """The state of everything, joined from Prometheus and the desk's alerts. Thread-safe.

    `stored_alerts` answers the alerts that the desk has open; it raises Unavailable without a database.
    """

    def __init__(self, readings: Readings, stored_alerts: Callable[[], Sequence[Alert]], catalogue: Catalogue) -> None:
        self._readings = readings
        self._stored_alerts = stored_alerts
        self._catalogue = catalogue
        self._overview = Cached(lambda: readings.overview(catalogue.components), seconds=OVERVIEW_SECONDS)
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
        overview = self._overview.get()
        return self._status(overview, [self._raised(alert) for alert in overview.alerts])

    def _from_the_desk(self) -> Status:
        stored = [self._stored(alert) for alert in self._stored_alerts() if not alert.is_heartbeat]
        return self._status(self._overview.get(), stored)

    def _status(self, overview: Overview, alerts: Sequence[ShownAlert]) -> Status:
        histories = {window: cached.get() for window, cached in self._histories.items()} if overview.answered else {}
        return build_status(overview, histories, alerts, optional=self._catalogue.optional)

    def _history(self, window: Window) -> Sequence[HostHistory]:
        try:
            return self._readings.history(window)
        except Unavailable:
            return ()  # The page then says of this chart that nothing is known.

    def _stored(self, alert: Alert) -> ShownAlert:
        details = alert.details
        sentences = {language: alert.summary(language) for language in LANGUAGES}
        return ShownAlert(
            name=details.name,
            severity=details.severity,
            began_at=alert.began_at,
            suppressed=alert.suppressed,
            sentences=sentences,
            public_sentences=self._public(sentences, details.name, dict(details.labels)),
            id=alert.id,
        )

    def _raised(self, alert: FiringAlert) -> ShownAlert:
        sentences = {language: alert.summary(language) for language in LANGUAGES}
        return ShownAlert(
            name=alert.name,
            severity=alert.severity.value,
            began_at=alert.active_at,
            suppressed=False,
            sentences=sentences,
            public_sentences=self._public(sentences, alert.name, dict(alert.labels)),
        )

    def _public(self, sentences: dict[str, str], name: str, labels: dict[str, str]) -> dict[str, str]:
        is_ours = name in self._catalogue.own_alerts
        return {
            language: public_sentence(
                sentence, name, labels, is_ours=is_ours, public_names=frozenset(self._catalogue.components)
            )
            for language, sentence in sentences.items()
        }
