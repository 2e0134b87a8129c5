"""What a scheduled maintenance is, and the rules about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sereno.core.errors import Conflict, NotFound, UsageError
from sereno.core.text import Text

EVERYTHING = "*"
"""In place of components: all of them, as when the machine is started anew."""

LONGEST = timedelta(days=31)
"""A silence that nobody ends hides alerts; what lasts longer is planned anew."""

LATENESS = timedelta(minutes=5)
"""A form takes a while to fill in: a begin so little before now means now."""

TITLE_LENGTH = 120
TEXT_LENGTH = 4000
MOST_COMPONENTS = 100


class Phase(StrEnum):
    """Where a maintenance is in its life."""

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for. Title and text may be in one language or both; the text is Markdown."""

    title: Text
    text: Text
    begins_at: datetime
    ends_at: datetime
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A scheduled maintenance. `ended_at` is set when somebody ended it early, `cancelled_at` when it never began."""

    id: int
    title: Text
    text: Text
    begins_at: datetime
    ends_at: datetime
    components: tuple[str, ...]
    created_at: datetime
    created_by: str
    updated_at: datetime
    ended_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        """When it ends, or did."""
        return self.ended_at or self.ends_at

    def phase(self, now: datetime) -> Phase:
        """Where it is at `now`."""
        if self.cancelled_at is not None:
            return Phase.CANCELLED
        if now >= self.over_at:
            return Phase.ENDED
        return Phase.RUNNING if now >= self.begins_at else Phase.PLANNED

    def covers(self, component: str) -> bool:
        """Whether `component` is among what it is about."""
        return EVERYTHING in self.components or component in self.components


class MaintenanceRefused(UsageError):
    """What was asked for does not make sense; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, next_step="correct it and send it again")
        self.field = field


class NoSuchMaintenance(NotFound):
    """There is none with that number."""


class MaintenanceOver(Conflict):
    """It is over, or has not begun, so that what was asked for makes no sense any more or not yet."""


def checked(wanted: Wanted, known: Collection[str], *, now: datetime, before: Maintenance | None = None) -> Wanted:
    """`wanted` as it is stored. `known` are the names that components may have, `before` what is being changed.

    Raises MaintenanceRefused; of a maintenance that runs the begin stays as it is.
    """
    if not (wanted.title.en or wanted.title.es):
        raise MaintenanceRefused("title", "a title is needed, in English or in Spanish")
    begins_at = wanted.begins_at
    if before is not None and before.phase(now) is Phase.RUNNING:
        begins_at = before.begins_at
    elif begins_at < now:
        if begins_at < now - LATENESS:
            raise MaintenanceRefused("begins_at", "the begin lies in the past; what was measured then stays as it was")
        begins_at = now
    if wanted.ends_at <= max(begins_at, now):
        raise MaintenanceRefused("ends_at", "the end must lie after the begin, and in the future")
    if wanted.ends_at - begins_at > LONGEST:
        raise MaintenanceRefused("ends_at", f"a maintenance lasts {LONGEST.days} days at most")
    return Wanted(wanted.title, wanted.text, begins_at, wanted.ends_at, _components(wanted.components, known))


def _components(wanted: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(wanted))
    if not names:
        raise MaintenanceRefused("components", f"name at least one component, or {EVERYTHING} for everything")
    if EVERYTHING in names:
        return (EVERYTHING,)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise MaintenanceRefused(
            "components", f"there is no component {unknown[0]!r}; known: {', '.join(sorted(known))}"
        )
    return names


def in_language(text: Text, language: str) -> str:
    """The words in `language`, else in the other one."""
    return text.in_language(language) or text.en or text.es


def told(one: Maintenance) -> Mapping[str, object]:
    """The members that the audit trail tells of."""
    return {
        "title": one.title.en or one.title.es,
        "begins_at": one.begins_at.isoformat(),
        "ends_at": one.over_at.isoformat(),
        "components": ", ".join(one.components),
        "cancelled": one.cancelled_at is not None,
    }
