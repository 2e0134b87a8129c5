"""What a heartbeat is, and when it is missing. Values and rules only."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sereno.core.errors import UsageError
from sereno.core.text import Text
from sereno.core.units import parse_duration

NAME = re.compile(r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")
DEFAULT_EVERY = timedelta(hours=1)
DEFAULT_GRACE = timedelta(minutes=5)
DEFAULT_SEVERITY = "critical"
SET_BACK = timedelta(minutes=1)
"""What lies so far in the future was noted by a clock that has been set back since."""
SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=366)
SEVERITY_LENGTH = 64
OPENED_BY = "heartbeat:"


class State(StrEnum):
    """Where a heartbeat stands. `new`: declared, and no signal yet."""

    NEW = "new"
    ALIVE = "alive"
    LATE = "late"
    MISSING = "missing"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Expectation:
    """How often a signal is expected, how much later it may come, and how grave it is when it does not."""

    every: timedelta = DEFAULT_EVERY
    grace: timedelta = DEFAULT_GRACE
    severity: str = DEFAULT_SEVERITY


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A heartbeat. `expected_since` is when it was declared or resumed; `incident_id` that of its present silence."""

    name: str
    expectation: Expectation
    paused: bool
    expected_since: datetime
    last_at: datetime | None
    created_at: datetime
    created_by: str
    missing_since: datetime | None = None
    incident_id: int | None = None

    def due_at(self) -> datetime:
        """When the next signal is expected."""
        return max(self.expected_since, self.last_at or self.expected_since) + self.expectation.every

    def state(self, now: datetime) -> State:
        """Where it stands, as pages show it."""
        if self.paused:
            return State.PAUSED
        if self.missing_since is not None and (self.last_at is None or self.last_at < self.missing_since):
            return State.MISSING
        if now > self.due_at():
            return State.LATE
        return State.ALIVE if self.last_at is not None else State.NEW


def deadline(heartbeat: Heartbeat, desk_up_since: datetime) -> datetime:
    """From when on it is missing: the due time and its grace.

    Signals that came while the desk was down are lost, and nobody's fault but ours. So a signal that was due before the
    desk was back gets a whole turn more, and none is missing before its grace after that moment is over.
    """
    expectation, due = heartbeat.expectation, heartbeat.due_at()
    if desk_up_since >= due:
        return desk_up_since + expectation.every + expectation.grace
    return max(due, desk_up_since) + expectation.grace


def is_missing(heartbeat: Heartbeat, now: datetime, desk_up_since: datetime) -> bool:
    """Whether its silence is to open an incident now."""
    return not heartbeat.paused and heartbeat.missing_since is None and now > deadline(heartbeat, desk_up_since)


def has_returned(heartbeat: Heartbeat) -> bool:
    """Whether a signal has come since it was found missing."""
    return (
        heartbeat.missing_since is not None
        and heartbeat.last_at is not None
        and heartbeat.last_at >= heartbeat.missing_since
    )


def without_future(heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """The same with no time in the future, where a clock that has been set back since has left such.

    Otherwise its silence, or its return, would be noticed only when the clock has made up for it. What came before the
    silence still does.
    """
    times = (heartbeat.expected_since, heartbeat.last_at, heartbeat.missing_since)
    if all(each is None or each <= now + SET_BACK for each in times):
        return heartbeat
    last_at, missing_since = heartbeat.last_at, heartbeat.missing_since
    if missing_since is not None:
        missing_since = min(missing_since, now)
    if last_at is not None:
        last_at = min(last_at, now if missing_since is None else missing_since - datetime.resolution)
    return replace(
        heartbeat, expected_since=min(heartbeat.expected_since, now), last_at=last_at, missing_since=missing_since
    )


def title_of(name: str) -> Text:
    """The title of the incident of its silence."""
    return Text(f"No sign of life from {name}", f"Sin señales de vida de {name}")


def accepted_name(name: str) -> str:
    """The name, when it is one. Raises UsageError."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a heartbeat", next_step="use up to 64 of the letters a-z, digits and . _ -"
        )
    return name


def accepted(every: str = "", grace: str = "", severity: str = "") -> Expectation:
    """What is expected, from durations as Prometheus writes them; empty: the default. Raises UsageError."""
    wanted = Expectation(
        every=_duration("every", every, DEFAULT_EVERY),
        grace=_duration("grace", grace, DEFAULT_GRACE),
        severity=severity.strip() or DEFAULT_SEVERITY,
    )
    if wanted.every < SHORTEST:
        raise UsageError("a heartbeat is expected every 10s at the most often", next_step="write every as 1m, 2h or 1d")
    if len(wanted.severity) > SEVERITY_LENGTH or not wanted.severity.isprintable():
        raise UsageError(f"a severity has at most {SEVERITY_LENGTH} signs", next_step="critical, warning or info")
    return wanted


def _duration(name: str, text: str, otherwise: timedelta) -> timedelta:
    if not text.strip():
        return otherwise
    try:
        duration = parse_duration(text.strip()[:40])
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{name}: {error}", next_step="write a number and a unit, such as 5m, 2h or 1d") from error
    if duration > LONGEST:
        raise UsageError(f"{name} is longer than a year", next_step="366d is the most")
    return duration


def written(duration: timedelta) -> str:
    """A duration of whole seconds as Prometheus writes it: `1d`, `90m`, `45s`."""
    seconds = int(duration.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
