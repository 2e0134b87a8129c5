"""Sums up each day's measurements into the database, again and again: what is done with is not touched any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from sereno.core.clock import Clock, utc_now
from sereno.core.units import parse_duration
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.respond.status import store
from sereno.respond.status.uptime import Day, Span, day_start, joined, roll_up
from sereno.settings import Settings
from sereno.watch import queries
from sereno.watch.ports import Prometheus

STEPS = (60, 120, 300, 600, 1800, 3600)
"""Seconds of one step, each a part of a day: the shortest one that holds a sample at the usual interval."""

CHUNK = timedelta(hours=6)
"""So much is asked for at once: a whole day would be a megabyte of JSON in the worker's small memory."""

DAYS_AT_ONCE = 7
"""Of a longer gap so many days are made up for at each turn, the newest first: those stand on the page."""

SpansOf = Callable[[datetime, datetime], dict[str, list[Span]]]
"""Times of maintenance between two moments, by component."""


class RollUps:
    """The worker's part in uptime. `spans` tells of maintenance; both it and the sums need the database."""

    def __init__(
        self, database: Database, prometheus: Prometheus, settings: Settings, spans: SpansOf, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._prometheus = prometheus
        self._spans = spans
        self._clock = clock
        self._retention = parse_duration(settings.prometheus.retention)
        interval = parse_duration(settings.prometheus.scrape_interval).total_seconds()
        self._step = next((step for step in STEPS if step >= interval), STEPS[-1])

    def run(self) -> None:
        """Sum up today, and finished days that were not summed up after their end, as far back as Prometheus knows.

        The same run twice gives the same. Raises Unavailable when Prometheus or the database does not answer; what
        was done by then stays.
        """
        now = self._clock().astimezone(UTC)
        for day in self._finished_days(now):
            self._roll(day, until=day_start(day + timedelta(days=1)), now=now)
        self._roll(now.date(), until=now, now=now)

    def _finished_days(self, now: datetime) -> Sequence[date]:
        oldest = (now - self._retention).date()
        rolled = in_one_transaction(self._database, lambda session: store.rolled_since(session, oldest))
        days = [oldest + timedelta(days=number) for number in range((now.date() - oldest).days)]
        missing = [day for day in days if day not in rolled or rolled[day] < day_start(day + timedelta(days=1))]
        return missing[::-1][:DAYS_AT_ONCE]

    def _roll(self, day: date, *, until: datetime, now: datetime) -> None:
        begin = day_start(day)
        # The last step may not be over; it is summed up at the next turn.
        end = begin + timedelta(seconds=(until - begin) // timedelta(seconds=self._step) * self._step)
        fractions, spans = self._fractions(begin, end), self._spans(begin, end)
        everywhere = spans.get("*", [])
        sums: dict[str, Day] = {
            component: roll_up(
                fractions.get(component, {}),
                begin=begin,
                end=end,
                step=self._step,
                spans=joined([*spans.get(component, []), *everywhere]),
            )
            for component in sorted({*fractions, *spans} - {"*"})
        }
        in_one_transaction(self._database, lambda session: store.save_day(session, day, sums, rolled_at=now))

    def _fractions(self, begin: datetime, end: datetime) -> dict[str, dict[float, float]]:
        """By component: for each step, by its end, the share of samples in which it was up."""
        step = timedelta(seconds=self._step)
        found: defaultdict[str, dict[float, float]] = defaultdict(dict)
        start = begin
        while start < end:
            stop = min(start + CHUNK, end)
            question = queries.up_shares(f"{self._step}s")
            for series in self._prometheus.range(question, start=start + step, end=stop, step=step):
                found[series.labels.get("component", "")].update(series.points)
            start = stop
        return found
