"""What happened around an incident that no alert tells: a component started anew, settings changed, a backup was made.

Each happening is told once on the timeline of every incident that was not over by then, or that opened at most
`BEFORE` afterwards: what was changed a moment ago is the first thing to look at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sereno.core.clock import rfc3339
from sereno.respond.incidents.families import event_values
from sereno.respond.incidents.model import Kind, State
from sereno.respond.incidents.tables import EventRow, IncidentRow, SettingsSeenRow

BEFORE = timedelta(minutes=5)
ACTOR = "sereno"
MOST_INCIDENTS = 200
"""The newest that are not over; a storm of thousands needs no thousand copies."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at `at`; `what` names it among its kind (a component, a file, a fingerprint)."""

    kind: Kind
    at: datetime
    what: str

    @property
    def details(self) -> dict[str, Any]:
        """What the timeline says of it."""
        return {"component": self.what, "happened_at": rfc3339(self.at)}


def due(
    incidents: Iterable[tuple[int, datetime]],
    happenings: Collection[Happening],
    known: Mapping[int, Collection[tuple[str, str, str]]],
) -> list[tuple[int, Happening]]:
    """Which happenings have to be told on which incident's timeline, in the order in which they happened.

    `incidents` are those that are not over, by number and begin; `known` are the happenings told already: kind,
    what and when of each.
    """
    found = []
    for number, opened_at in incidents:
        told = known.get(number, ())
        for each in sorted(happenings, key=lambda each: (each.at, each.what)):
            if each.at >= opened_at - BEFORE and (each.kind.value, each.what, rfc3339(each.at)) not in told:
                found.append((number, each))
    return found


def tell_around(session: Session, happenings: Collection[Happening], now: datetime) -> int:
    """Add what is due to the timelines; answers how many entries."""
    if not happenings:
        return 0
    open_ones = (
        select(IncidentRow.id, IncidentRow.opened_at)
        .where(IncidentRow.state.in_([State.OPEN.value, State.ACKNOWLEDGED.value]))
        .order_by(IncidentRow.opened_at.desc())
        .limit(MOST_INCIDENTS)
    )
    incidents = [(number, opened_at) for number, opened_at in session.execute(open_ones)]
    if not incidents:
        return 0
    entries = [
        event_values(number, each.kind, at=now, actor=ACTOR, details=each.details)
        for number, each in due(incidents, happenings, _known(session, [number for number, _ in incidents]))
    ]
    if entries:
        session.execute(insert(EventRow), entries)
    return len(entries)


def _known(session: Session, numbers: list[int]) -> dict[int, set[tuple[str, str, str]]]:
    kinds = [kind.value for kind in (Kind.RESTARTED, Kind.SETTINGS_CHANGED, Kind.BACKUP)]
    statement = select(EventRow.incident_id, EventRow.kind, EventRow.details).where(
        EventRow.incident_id.in_(numbers), EventRow.kind.in_(kinds)
    )
    known: dict[int, set[tuple[str, str, str]]] = {}
    for number, kind, details in session.execute(statement):
        told = (kind, str(details.get("component", "")), str(details.get("happened_at", "")))
        known.setdefault(number, set()).add(told)
    return known


def settings_changes(session: Session, fingerprint: str, now: datetime) -> list[Happening]:
    """Note the settings that run now, by their fingerprint; answers the changes since, newest last.

    The first settings that were ever seen are no change.
    """
    rows = list(session.scalars(select(SettingsSeenRow).order_by(SettingsSeenRow.id.desc()).limit(20)))[::-1]
    if not rows or rows[-1].fingerprint != fingerprint:
        row = SettingsSeenRow(seen_at=now, fingerprint=fingerprint)
        session.add(row)
        rows.append(row)
    return [Happening(Kind.SETTINGS_CHANGED, row.seen_at, row.fingerprint[:12]) for row in rows[1:]]
