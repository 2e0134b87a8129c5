"""What the public is told of incidents and maintenance: values and rules. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from sereno.core.text import Text
from sereno.respond.maintenance.model import Maintenance, Phase
from sereno.respond.status.model import Overall

RECENT = timedelta(days=14)
"""So long what is over stands on the front page."""

AHEAD = timedelta(days=60)
"""So early a maintenance is announced there."""


@dataclass(frozen=True, slots=True)
class Update:
    """One public entry of an incident's timeline. `text` is Markdown; empty for a change of state alone."""

    id: int
    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class PublicIncident:
    """An incident as strangers may read of it: nothing of its alerts, its owner, or what was not published.

    `resolved_at` is None while it goes on; `updates` are the newest first.
    """

    id: int
    title: Text
    severity: str
    opened_at: datetime
    resolved_at: datetime | None
    components: tuple[str, ...]
    updates: tuple[Update, ...]

    @property
    def is_active(self) -> bool:
        """Whether it is not over."""
        return self.resolved_at is None


class Incidents(Protocol):
    """Public incidents; every method raises Unavailable without a database."""

    def recent(self, since: datetime) -> tuple[PublicIncident, ...]:
        """Those that go on, and those that were resolved since; the newest first."""
        ...

    def between(self, begin: datetime, end: datetime) -> tuple[PublicIncident, ...]:
        """Those that began within that time; the newest first."""
        ...

    def of(self, component: str, since: datetime) -> tuple[PublicIncident, ...]:
        """Those of one component that began since; the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class News:
    """What stands on the front page besides measurements. `maintenance` is not cancelled, the earliest first."""

    incidents: tuple[PublicIncident, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    @property
    def active(self) -> tuple[PublicIncident, ...]:
        """Incidents that go on."""
        return tuple(each for each in self.incidents if each.is_active)

    @property
    def past(self) -> tuple[PublicIncident, ...]:
        """Incidents that were resolved lately."""
        return tuple(each for each in self.incidents if not each.is_active)

    def running(self, now: datetime) -> tuple[Maintenance, ...]:
        """Maintenance under way."""
        return tuple(each for each in self.maintenance if each.phase(now) is Phase.RUNNING)

    def planned(self, now: datetime) -> tuple[Maintenance, ...]:
        """Maintenance to come."""
        return tuple(each for each in self.maintenance if each.phase(now) is Phase.PLANNED)

    def is_maintained(self, component: str, now: datetime) -> bool:
        """Whether work on `component` is under way, as it was announced."""
        return any(each.covers(component) for each in self.running(now))


def overall_with(overall: Overall, down: Collection[str], news: News, now: datetime) -> Overall:
    """The state in a word when what people have told counts too.

    What is down as announced is maintenance and no outage; an incident that goes on needs attention whatever is
    measured.
    """
    if overall is Overall.DOWN and all(news.is_maintained(name, now) for name in down):
        overall = Overall.MAINTENANCE
    return Overall.ATTENTION if overall is Overall.OK and news.active else overall


def month_of(text: str) -> date | None:
    """The first day of the month that `yyyy-mm` names; None for anything else."""
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 -- a month has no zone.
    except ValueError:
        return None
    return found if found.strftime("%Y-%m") == text else None


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(month: date) -> date:
    """The first day of the month before."""
    return (month - timedelta(days=1)).replace(day=1)
