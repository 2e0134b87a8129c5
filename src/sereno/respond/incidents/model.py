"""What an incident is, what its timeline holds, and which change fits which state. Values and rules only.

The times, as every page and figure uses them:

- `opened_at` is the earliest start of its alerts, `resolved_at` their latest end: the hold-down delays only the state;
- `detected_at` is when the desk was first told;
- `acknowledged_at` is when somebody first took it, also when it was reopened since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sereno.core.errors import Conflict
from sereno.core.text import Text

BY_ALERTS = "alertmanager"
"""Who opened an incident that alerts opened."""

TITLE_LENGTH = 255
SEVERITY_LENGTH = 64
COMPONENT_LENGTH = 64
TEXT_LENGTH = 10_000
"""Signs of a comment; the column holds four times as many bytes."""


class State(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Kind(StrEnum):
    """What an entry of the timeline tells."""

    OPENED = "opened"
    ALERT_FIRED = "alert-fired"
    ALERT_ENDED = "alert-ended"
    SEVERITY_RAISED = "severity-raised"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    COMMENT = "comment"
    PUBLISHED = "published"
    COMPONENTS = "components"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ADOPTED = "adopted"
    MERGED = "merged"
    NOTICE = "notice"
    RESTARTED = "restarted"
    SETTINGS_CHANGED = "settings-changed"
    BACKUP = "backup"
    RELEASE = "release"


TOLD_KINDS = frozenset(
    {Kind.OPENED, Kind.SEVERITY_RAISED, Kind.ACKNOWLEDGED, Kind.RESOLVED, Kind.REOPENED, Kind.PUBLISHED}
)
"""What people may have to be told of: stored as pending, until it has been made into notices."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident. `resolved_by` is None when it resolved by itself; `group_key` None when no alerts opened it.

    `severity` is the highest label that its alerts ever had; `alerts` counts them; `flapping` says that it came back
    within the reopen window; `merged_into` is the number of the incident that it turned out to be part of.
    """

    id: int
    title: Text
    state: State
    severity: str
    public: bool
    opened_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    owner: str | None
    components: tuple[str, ...]
    alerts: int
    flapping: bool
    opened_by: str
    group_key: str | None
    rule: str = ""
    """The name of its first alert; empty when no alert opened it."""
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a timeline; entries are added, never changed. `text` is Markdown and may be empty.

    `public` entries are what strangers read about a public incident.
    """

    id: int
    incident_id: int
    at: datetime
    kind: Kind
    actor: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)
    public: bool = False


def severity_rank(severity: str) -> int:
    """How grave a severity is: critical 3, warning 2, info 0, any other label 1."""
    return {"critical": 3, "warning": 2, "info": 0}.get(severity.lower(), 1)


def highest(severities: Iterable[str]) -> str:
    """The gravest; of equally grave ones the first by letters, so that their order does not matter. Empty for none."""
    return min(severities, key=lambda each: (-severity_rank(each), each), default="")


MAY_BECOME: Mapping[State, frozenset[State]] = {
    State.ACKNOWLEDGED: frozenset({State.OPEN}),
    State.RESOLVED: frozenset({State.OPEN, State.ACKNOWLEDGED}),
    State.OPEN: frozenset({State.RESOLVED}),
}
"""Each state with those from which an incident may come into it."""


class StateConflict(Conflict):
    """Somebody else was faster, or the incident is not in the state that the change starts from."""


def refuse(incident_id: int, state: State, wanted: State, last: Event | None) -> StateConflict:
    """The refusal of a change to `wanted`: it says in which state the incident is, who brought it there, and when."""
    who = ""
    if last is not None:
        by = "by itself" if last.actor == BY_ALERTS else f"by {last.actor}"
        who = f" since {last.at:%Y-%m-%d %H:%M:%S} UTC, {by}"
    step = "read its timeline; a comment is always possible"
    if state is State.RESOLVED and wanted is State.ACKNOWLEDGED:
        step = "reopen it first"
    elif state is State.ACKNOWLEDGED and wanted is State.ACKNOWLEDGED:
        step = "assign it to yourself, or add a comment"
    return StateConflict(f"incident {incident_id} is {state}{who}", next_step=step)
