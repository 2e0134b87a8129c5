"""Incidents in the database, given a session; whoever stands at the door commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from sereno.core.text import Text
from sereno.database.upsert import upsert
from sereno.respond.alerts.tables import AlertRow
from sereno.respond.incidents.families import inserted_number
from sereno.respond.incidents.model import Event, Incident, Kind, State
from sereno.respond.incidents.tables import ComponentRow, EventRow, IncidentRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents to list, newest first. Empty fields look for nothing; `unresolved` for what is not over.

    `after` is the (opened_at, id) of the last one already seen; `since` is included, `until` is not.
    """

    state: State | None = None
    unresolved: bool = False
    severity: str = ""
    component: str = ""
    owner: str = ""
    flapping: bool | None = None
    public: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, int] | None = None
    limit: int = 50


def listing(wanted: Wanted) -> Select[Any]:
    """The statement that lists what is wanted: by key and not by offset, and each filter by an index of its own."""
    statement = select(IncidentRow).where(IncidentRow.merged_into.is_(None))
    opened_at: Any = IncidentRow.opened_at
    number: Any = IncidentRow.id
    if wanted.component:
        opened_at, number = ComponentRow.opened_at, ComponentRow.incident_id
        statement = statement.join(ComponentRow, ComponentRow.incident_id == IncidentRow.id).where(
            ComponentRow.component == wanted.component
        )
    if wanted.state is not None:
        statement = statement.where(IncidentRow.state == wanted.state.value)
    elif wanted.unresolved:
        statement = statement.where(IncidentRow.state.in_([State.OPEN.value, State.ACKNOWLEDGED.value]))
    if wanted.severity:
        statement = statement.where(IncidentRow.severity == wanted.severity)
    if wanted.owner:
        statement = statement.where(IncidentRow.owner == wanted.owner)
    if wanted.flapping is not None:
        # With "=", since for "IS TRUE" neither server uses an index.
        statement = statement.where(IncidentRow.flapping == wanted.flapping)
    if wanted.public is not None:
        statement = statement.where(IncidentRow.public == wanted.public)
    if wanted.since is not None:
        statement = statement.where(opened_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(opened_at < wanted.until)
    if wanted.after is not None:
        moment, last = wanted.after
        statement = statement.where(opened_at <= moment, (opened_at < moment) | (number < last))
    return statement.order_by(opened_at.desc(), number.desc()).limit(wanted.limit)


def list_incidents(session: Session, wanted: Wanted) -> list[Incident]:
    """At most `wanted.limit` incidents, newest first."""
    rows = list(session.scalars(listing(wanted)))
    counts = _alert_counts(session, [row.id for row in rows])
    return [_incident(row, counts.get(row.id, 0)) for row in rows]


def incident_by_id(session: Session, id: int, *, lock: bool = False) -> Incident | None:
    """The incident, or None; with `lock` nobody else changes it until the transaction ends."""
    statement = select(IncidentRow).where(IncidentRow.id == id)
    if lock:
        statement = statement.with_for_update()
    row = session.scalar(statement.execution_options(populate_existing=True))
    return None if row is None else _incident(row, _alert_counts(session, [id]).get(id, 0))


def change(session: Session, id: int, **values: Any) -> None:
    """Set columns of an incident."""
    session.execute(update(IncidentRow).where(IncidentRow.id == id).values(**values))


def insert_incident(session: Session, values: Mapping[str, Any]) -> int:
    """Store a new incident with its components; answers its number."""
    result = session.connection().execute(insert(IncidentRow), dict(values))
    number = inserted_number(result)
    set_components(session, number, values["components"], values["opened_at"])
    return number


def set_components(session: Session, id: int, components: Sequence[str], opened_at: datetime) -> None:
    """Note which components an incident affects, and since when it is open; those noted before stay."""
    rows = [{"incident_id": id, "component": each, "opened_at": opened_at} for each in components]
    upsert(session, ComponentRow.__table__, rows, changes=["opened_at"])


def add_event(session: Session, values: Mapping[str, Any]) -> int:
    """Add an entry to a timeline (see `families.event_values`); answers its number."""
    result = session.connection().execute(insert(EventRow), dict(values))
    return inserted_number(result)


def events(
    session: Session, incident_id: int, *, after: int = 0, limit: int = 500, public_only: bool = False
) -> list[Event]:
    """At most `limit` entries of a timeline with larger numbers than `after`, in the order in which they were added."""
    statement = select(EventRow).where(EventRow.incident_id == incident_id, EventRow.id > after)
    if public_only:
        statement = statement.where(EventRow.public.is_(True))
    return [_event(row) for row in session.scalars(statement.order_by(EventRow.id).limit(limit))]


def newest_events(session: Session, incident_id: int, *, before: int | None = None, limit: int = 100) -> list[Event]:
    """At most `limit` entries of a timeline, with smaller numbers than `before` if that is given, newest first."""
    statement = select(EventRow).where(EventRow.incident_id == incident_id)
    if before is not None:
        statement = statement.where(EventRow.id < before)
    return [_event(row) for row in session.scalars(statement.order_by(EventRow.id.desc()).limit(limit))]


def last_event(session: Session, incident_id: int, kinds: Iterable[Kind]) -> Event | None:
    """The newest entry of one of these kinds, or None."""
    statement = (
        select(EventRow)
        .where(EventRow.incident_id == incident_id, EventRow.kind.in_([kind.value for kind in kinds]))
        .order_by(EventRow.id.desc())
        .limit(1)
    )
    row = session.scalar(statement)
    return None if row is None else _event(row)


def unresolved_ids(session: Session) -> list[int]:
    """The numbers of the incidents that are not over, oldest first."""
    statement = select(IncidentRow.id).where(IncidentRow.state.in_([State.OPEN.value, State.ACKNOWLEDGED.value]))
    return list(session.scalars(statement.order_by(IncidentRow.id)))


def counts_by_state(session: Session) -> dict[tuple[State, str], int]:
    """How many incidents that are not over there are, by state and severity."""
    statement = (
        select(IncidentRow.state, IncidentRow.severity, func.count())
        .where(IncidentRow.state.in_([State.OPEN.value, State.ACKNOWLEDGED.value]))
        .group_by(IncidentRow.state, IncidentRow.severity)
    )
    return {(State(state), severity): count for state, severity, count in session.execute(statement)}


def _alert_counts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    if not ids:
        return {}
    statement = (
        select(AlertRow.incident_id, func.count()).where(AlertRow.incident_id.in_(ids)).group_by(AlertRow.incident_id)
    )
    return {number: count for number, count in session.execute(statement) if number is not None}


def _incident(row: IncidentRow, alerts: int) -> Incident:
    return Incident(
        id=row.id,
        title=Text(row.title, row.title_es),
        state=State(row.state),
        severity=row.severity,
        public=row.public,
        opened_at=row.opened_at,
        detected_at=row.detected_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        owner=row.owner,
        components=tuple(row.components),
        alerts=alerts,
        flapping=row.flapping,
        opened_by=row.opened_by,
        group_key=row.group_key,
        rule=row.rule,
        merged_into=row.merged_into,
    )


def _event(row: EventRow) -> Event:
    return Event(
        id=row.id,
        incident_id=row.incident_id,
        at=row.at,
        kind=Kind(row.kind),
        actor=row.actor,
        text=row.text,
        details=dict(row.details),
        public=row.public,
    )
