"""What the public pages know besides the present moment: incidents, maintenance, and how it was. Thread-safe."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

from sereno.core.cached import Cached
from sereno.core.clock import Clock, utc_now
from sereno.core.errors import Unavailable
from sereno.database.session import Database
from sereno.respond.maintenance.model import Maintenance, Phase
from sereno.respond.maintenance.service import Calendar
from sereno.respond.status import store
from sereno.respond.status.news import AHEAD, RECENT, Incidents, News, PublicIncident
from sereno.respond.status.remembered import Known, Remembered
from sereno.respond.status.uptime import BAR_DAYS, YEAR_DAYS, Day, Uptime, uptime_of

NEWS_SECONDS = 0.5
"""With Nginx's second and the time of one answer an update is seen within two seconds, in every process."""

UPTIME_SECONDS = 30.0
"""The worker sums up once a minute."""


class Past:
    """Reads what people told and what was summed up. Every method raises Unavailable without a database."""

    def __init__(
        self,
        database: Database,
        calendar: Calendar,
        incidents: Incidents,
        remembered: Remembered,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._calendar = calendar
        self._incidents = incidents
        self._clock = clock
        self._news = Cached(self._read_news, seconds=NEWS_SECONDS, patience_seconds=NEWS_SECONDS)
        self._uptimes = Cached(self._read_uptimes, seconds=UPTIME_SECONDS, patience_seconds=2 * UPTIME_SECONDS)
        self._remembered = remembered
        self._last: Known | None = None

    def news(self) -> News:
        """What stands on the front page; half a second old at most."""
        return self._news.get()

    def uptimes(self) -> dict[str, Uptime]:
        """The bar of each component that was ever measured, by name."""
        return self._uptimes.get()

    def last_known(self) -> Known | None:
        """Both, as they were when the database last answered, be it to a desk before this one; None: it never has."""
        with contextlib.suppress(Unavailable):
            self._last = (self.news(), self.uptimes())
            self._remembered.keep(self._last)
        if self._last is None:
            self._last = self._remembered.read()
        return self._last

    def days_of(self, component: str) -> dict[date, Day]:
        """Every day that is known of one component."""
        with self._database.unit_of_work() as session:
            return store.days_of(session, component)

    def incidents_of(self, component: str) -> tuple[PublicIncident, ...]:
        """Those of the last year, the newest first."""
        return self._incidents.of(component, self._clock() - timedelta(days=YEAR_DAYS))

    def month(self, begin: datetime, end: datetime) -> tuple[tuple[PublicIncident, ...], tuple[Maintenance, ...]]:
        """Incidents that began between the two, and maintenance that was not cancelled and touched that time."""
        planned = self._calendar.between(begin, end)
        now = self._clock()
        return self._incidents.between(begin, end), tuple(
            each for each in reversed(planned) if each.phase(now) is not Phase.CANCELLED
        )

    def _read_news(self) -> News:
        now = self._clock()
        planned = self._calendar.ahead(since=RECENT)
        shown = (each for each in planned if each.phase(now) is not Phase.CANCELLED and each.begins_at - now < AHEAD)
        return News(self._incidents.recent(now - RECENT), tuple(shown))

    def _read_uptimes(self) -> dict[str, Uptime]:
        today = self._clock().astimezone(UTC).date()
        with self._database.unit_of_work() as session:
            days = store.days_since(session, today - timedelta(days=BAR_DAYS - 1))
            years = store.sums_since(session, today - timedelta(days=YEAR_DAYS - 1))
        return {name: uptime_of(days.get(name, {}), year, today=today) for name, year in years.items()}
