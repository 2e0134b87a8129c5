"""The incidents near what was just told: found, shared until the transaction ends, and changed in one place.

Everything here works within the caller's transaction. `Neighbours.write` sends what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, bindparam, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sereno.database.retry import Again
from sereno.database.upsert import upsert
from sereno.respond.alerts.tables import AlertRow
from sereno.respond.incidents.grouping import Stretch
from sereno.respond.incidents.model import BY_ALERTS, TOLD_KINDS, Kind, State
from sereno.respond.incidents.tables import ComponentRow, EventRow, IncidentRow


@dataclass
class Neighbour:
    """An incident as the intake reasons about it. `lasted` reaches over all its alerts; no end while one fires."""

    id: int
    family: str
    slot: str | None
    state: State
    severity: str
    components: list[str]
    host: str | None
    lasted: Stretch
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    owner: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    def change(self, **values: Any) -> None:
        """Note columns to write."""
        self.changes |= values


_FIRES = exists().where(AlertRow.incident_id == IncidentRow.id, AlertRow.ended_at.is_(None)).correlate(IncidentRow)
# By the index's end, not by MAX(): that would read every alert of the incident.
_LAST_END = (
    select(AlertRow.ended_at)
    .where(AlertRow.incident_id == IncidentRow.id)
    .order_by(AlertRow.ended_at.desc())
    .limit(1)
    .correlate(IncidentRow)
    .scalar_subquery()
)
_COLUMNS = (
    IncidentRow.id,
    IncidentRow.family,
    IncidentRow.slot,
    IncidentRow.state,
    IncidentRow.severity,
    IncidentRow.components,
    IncidentRow.host,
    IncidentRow.opened_at,
    IncidentRow.resolved_at,
    IncidentRow.acknowledged_at,
    IncidentRow.acknowledged_by,
    IncidentRow.owner,
    IncidentRow.by_hand,
    _FIRES.label("fires"),
    _LAST_END.label("last_end"),
)


def _sharing(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    wanted = select(*_COLUMNS).where(*conditions, IncidentRow.merged_into.is_(None)).order_by(IncidentRow.id)
    return wanted.with_for_update(read=True)


# Built once: each delivery runs them, and building them costs more than sending them.
_OF_FAMILIES = _sharing(
    IncidentRow.family.in_(bindparam("families", expanding=True)),
    or_(
        IncidentRow.resolved_at.is_(None),
        IncidentRow.resolved_at >= bindparam("since"),
        IncidentRow.slot.is_not(None),
    ),
)
_BY_NUMBER = _sharing(IncidentRow.id.in_(bindparam("ids", expanding=True)))
_NEW_INCIDENT = insert(IncidentRow)
_NEW_EVENT = insert(EventRow)


# Mostly there is none, and to read the heads of fifteen columns costs more than the question itself. Statements that
# every delivery sends are built once: building one costs as much as sending it.
_NEAR = (
    select(IncidentRow.id)
    .where(
        IncidentRow.family.in_(bindparam("families", expanding=True)),
        or_(
            IncidentRow.resolved_at.is_(None),
            IncidentRow.resolved_at >= bindparam("since"),
            IncidentRow.slot.is_not(None),
        ),
        IncidentRow.merged_into.is_(None),
    )
    .with_for_update(read=True)
)
_OPEN = insert(IncidentRow)
_TELL = insert(EventRow)


class Neighbours:
    """The incidents of some families, and what happens to them in this transaction."""

    def __init__(self, session: Session, *, now: datetime, window: timedelta) -> None:
        self._session = session
        self.now = now
        self.window = window
        self.known: dict[int, Neighbour] = {}
        self._became: dict[int, int] = {}
        self._events: list[dict[str, Any]] = []
        self._components: list[dict[str, Any]] = []

    def find(self, families: Iterable[str], since: datetime) -> None:
        """Share the incidents of `families` that are not over since before `since`, and those that hold a slot."""
        values = {"families": sorted(set(families)), "since": since}
        self.find_by_id(self._session.connection().execute(_NEAR, values).scalars().all())

    def find_by_id(self, ids: Iterable[int]) -> None:
        """Share the incidents with these numbers."""
        wanted = sorted(set(ids) - self.known.keys())
        if not wanted:
            return
        statement = select(*_COLUMNS).where(IncidentRow.id.in_(wanted), IncidentRow.merged_into.is_(None))
        statement = statement.order_by(IncidentRow.id).with_for_update(read=True)
        for row in self._session.connection().execute(statement):
            self.known.setdefault(row.id, _neighbour(row))

    def near(self, family: str, stretch: Stretch) -> list[Neighbour]:
        """The incidents of the family within the window of `stretch`, oldest first."""
        own = [each for each in self.known.values() if each.family == family]
        return sorted((each for each in own if each.lasted.is_near(stretch, self.window)), key=lambda each: each.id)

    def open(self, values: dict[str, Any], stretch: Stretch) -> Neighbour:
        """Store a new incident; it becomes its family's present one, unless a later one is. Raises Again."""
        family = values["family"]
        slot: str | None = family
        for each in self.known.values():
            if each.slot == family and each.lasted.began_at > stretch.began_at:
                slot = None
            elif each.slot == family:
                self._free(each)
        try:
            result = self._session.connection().execute(_NEW_INCIDENT, {**values, "slot": slot})
        except IntegrityError as error:
            raise Again from error  # Somebody else opened it at the same moment; the next attempt finds it.
        own = Neighbour(
            id=inserted_number(result),
            family=family,
            slot=slot,
            state=State(values["state"]),
            severity=values["severity"],
            components=list(values["components"]),
            host=values["host"],
            lasted=stretch,
        )
        self.known[own.id] = own
        self._note_components(own, own.components)
        return own

    def _free(self, other: Neighbour) -> None:
        self._session.execute(update(IncidentRow).where(IncidentRow.id == other.id).values(slot=None))
        other.slot = None

    def affect(self, incident: Neighbour, components: Sequence[str]) -> None:
        """Add components that the incident turns out to affect."""
        added = [each for each in components if each not in incident.components]
        if not added:
            return
        incident.components += added
        incident.change(components=list(incident.components))
        self._note_components(incident, added)
        self.tell(incident.id, Kind.COMPONENTS, added=added)

    def _note_components(self, incident: Neighbour, components: Sequence[str]) -> None:
        opened_at = incident.lasted.began_at
        self._components += [
            {"incident_id": incident.id, "component": each, "opened_at": opened_at} for each in components
        ]

    def stretch(self, incident: Neighbour, by: Stretch) -> None:
        """Let the incident reach over `by` too."""
        before = incident.lasted
        incident.lasted = before.joined(by)
        if incident.lasted.began_at < before.began_at:
            incident.change(opened_at=incident.lasted.began_at)
            self._note_components(incident, incident.components)

    def merge(self, into: Neighbour, other: Neighbour) -> None:
        """Make `other` part of `into`: its alerts move, it ends, and what people did to it is kept."""
        self._session.execute(update(AlertRow).where(AlertRow.incident_id == other.id).values(incident_id=into.id))
        self.end_as_part(into, other)
        self.stretch(into, other.lasted)
        if into.state is State.RESOLVED and other.state is not State.RESOLVED:
            into.state = other.state
            into.change(state=other.state.value, resolved_at=None, resolved_by=None)
        if into.acknowledged_at is None and other.acknowledged_at is not None:
            into.change(acknowledged_at=other.acknowledged_at, acknowledged_by=other.acknowledged_by)
            if into.state is State.OPEN:
                into.state = State.ACKNOWLEDGED
                into.change(state=State.ACKNOWLEDGED.value)
        if into.owner is None and other.owner is not None:
            into.change(owner=other.owner)
        if into.state is State.RESOLVED:
            into.change(news=True)
        self.affect(into, other.components)

    def end_as_part(self, into: Neighbour, other: Neighbour) -> None:
        """End an incident whose alerts all belong to `into`."""
        self._session.execute(
            update(IncidentRow)
            .where(IncidentRow.id == other.id)
            .values(
                merged_into=into.id,
                state=State.RESOLVED.value,
                resolved_at=other.lasted.ended_at or self.now,
                slot=None,
                news=False,
            )
        )
        self.known.pop(other.id, None)
        self._became[other.id] = into.id
        other.changes.clear()
        self.tell(other.id, Kind.MERGED, into=into.id)
        self.tell(into.id, Kind.ADOPTED, incident=other.id)

    def today(self, id: int) -> int:
        """The incident that the one with this number has become part of by now; itself when of none."""
        while id in self._became:
            id = self._became[id]
        return id

    def tell(self, incident_id: int, kind: Kind, actor: str = BY_ALERTS, **details: Any) -> None:
        """Add an entry to the timeline."""
        self._events.append(event_values(incident_id, kind, at=self.now, actor=actor, details=details))

    def write(self) -> None:
        """Send what has changed and what is to be told: a statement for each kind of row."""
        for incident in self.known.values():
            if incident.changes:
                self._session.execute(
                    update(IncidentRow).where(IncidentRow.id == incident.id).values(**incident.changes)
                )
        upsert(self._session, ComponentRow.__table__, self._components, changes=["opened_at"])
        if self._events:
            self._session.connection().execute(_NEW_EVENT, self._events)


def inserted_number(result: CursorResult[Any]) -> int:
    """The number that the one row just inserted was given."""
    assert result.inserted_primary_key is not None  # noqa: S101 -- there is one after an insert of a single row.
    return int(result.inserted_primary_key[0])


def event_values(
    incident_id: int,
    kind: Kind,
    *,
    at: datetime,
    actor: str,
    text: str = "",
    details: dict[str, Any] | None = None,
    public: bool = False,
) -> dict[str, Any]:
    """The columns of a timeline's entry; kinds that people have to be told of are pending."""
    return {
        "incident_id": incident_id,
        "at": at,
        "kind": kind.value,
        "actor": actor[:100],
        "text": text,
        "details": details or {},
        "public": public,
        "pending": kind in TOLD_KINDS,
    }


def _neighbour(row: Any) -> Neighbour:
    state = State(row.state)
    if row.by_hand and state is not State.RESOLVED:
        until = None
    elif state is State.RESOLVED and row.fires:
        until = row.resolved_at  # A person resolved it while alerts fired: those count for nothing any more.
    elif row.fires:
        until = None
    else:
        until = max(end for end in (row.last_end, row.resolved_at, row.opened_at) if end is not None)
    return Neighbour(
        id=row.id,
        family=row.family or "",
        slot=row.slot,
        state=state,
        severity=row.severity,
        components=list(row.components),
        host=row.host,
        lasted=Stretch(row.opened_at, until),
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        owner=row.owner,
    )
