"""Cutting an incident in two, where late news show that too much time lies between its alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sereno.core.clock import rfc3339
from sereno.respond.alerts.model import Details
from sereno.respond.alerts.tables import AlertRow, SeriesRow
from sereno.respond.incidents.families import event_values, inserted_number
from sereno.respond.incidents.grouping import Rules, Stretch, component_affected, parts
from sereno.respond.incidents.model import BY_ALERTS, Kind, State, highest
from sereno.respond.incidents.tables import ComponentRow, EventRow, IncidentRow
from sereno.respond.incidents.words import title_of

_BY_PEOPLE = (Kind.ACKNOWLEDGED, Kind.ASSIGNED, Kind.UNASSIGNED, Kind.COMMENT, Kind.PUBLISHED)


@dataclass(frozen=True, slots=True)
class OwnAlert:
    """An alert of an incident, as far as its sums need it."""

    id: int
    lasted: Stretch
    severity: str


def alerts_with_severity(session: Session, incident_id: int) -> list[OwnAlert]:
    """All alerts of an incident."""
    statement = (
        select(AlertRow.id, AlertRow.began_at, AlertRow.ended_at, SeriesRow.severity)
        .join(SeriesRow, SeriesRow.fingerprint == AlertRow.fingerprint)
        .where(AlertRow.incident_id == incident_id)
    )
    return [
        OwnAlert(id, Stretch(began_at, ended_at), severity)
        for id, began_at, ended_at, severity in session.execute(statement)
    ]


def keep_first_part(
    session: Session, row: IncidentRow, alerts: Sequence[OwnAlert], rules: Rules, now: datetime
) -> list[OwnAlert]:
    """The alerts that stay with the incident; each later part becomes an incident of its own.

    An incident that a person has had to do with stays whole.
    """
    cut = [[alerts[place] for place in part] for part in parts([each.lasted for each in alerts], rules.reopen_window)]
    if len(cut) == 1 or _was_handled(session, row):
        return list(alerts)
    slot, row.slot = row.slot, None
    session.flush()
    for number, part in enumerate(cut[1:], start=2):
        _make(session, row, part, rules, now, slot=slot if number == len(cut) else None)
    return cut[0]


def _was_handled(session: Session, row: IncidentRow) -> bool:
    if row.acknowledged_at or row.owner or row.public or row.by_hand or row.resolved_by:
        return True
    said = select(EventRow.id).where(
        EventRow.incident_id == row.id, EventRow.kind.in_([kind.value for kind in _BY_PEOPLE])
    )
    return session.scalar(said.limit(1)) is not None


def _make(
    session: Session, row: IncidentRow, part: Sequence[OwnAlert], rules: Rules, now: datetime, *, slot: str | None
) -> None:
    """Store the incident of a part, over or not, with the entries that say where it comes from."""
    reach = part[0].lasted
    for each in part:
        reach = reach.joined(each.lasted)
    labels, annotations = session.execute(
        select(SeriesRow.labels, AlertRow.annotations)
        .join(AlertRow, AlertRow.fingerprint == SeriesRow.fingerprint)
        .where(AlertRow.id == part[0].id)
    ).one()
    details = Details(labels, annotations)
    title = title_of(details)
    component = component_affected(labels, rules)
    is_over = reach.ended_at is not None and reach.ended_at + rules.hold_down <= now
    values: dict[str, Any] = {
        "title": title.en,
        "title_es": title.es,
        "state": (State.RESOLVED if is_over else State.OPEN).value,
        "severity": highest(each.severity for each in part),
        "public": False,
        "opened_at": reach.began_at,
        "detected_at": max(row.detected_at, reach.began_at),
        "resolved_at": reach.ended_at if is_over else None,
        "components": [component] if component else [],
        # What came back within the hold-down of itself is no flapping; the sums are made again when it resolves.
        "flapping": len(parts([each.lasted for each in part], rules.hold_down)) > 1,
        "opened_by": BY_ALERTS,
        "rule": details.name[:255],
        "group_key": row.group_key,
        "family": row.family,
        "slot": slot,
        "host": row.host,
        "by_hand": False,
        "news": False,
    }
    number = inserted_number(session.connection().execute(insert(IncidentRow), values))
    session.execute(update(AlertRow).where(AlertRow.id.in_([each.id for each in part])).values(incident_id=number))
    if component:
        session.execute(
            insert(ComponentRow), [{"incident_id": number, "component": component, "opened_at": reach.began_at}]
        )
    opened = event_values(number, Kind.OPENED, at=now, actor=BY_ALERTS, details={"severity": values["severity"]})
    entries = [
        # Who was told of the whole need not hear of a part that is over.
        opened | {"pending": not is_over},
        event_values(number, Kind.ADOPTED, at=now, actor=BY_ALERTS, details={"incident": row.id, "in_part": True}),
        event_values(row.id, Kind.MERGED, at=now, actor=BY_ALERTS, details={"into": number, "in_part": True}),
    ]
    if is_over and reach.ended_at is not None:
        ended = {"resolved_at": rfc3339(reach.ended_at)}
        entries.append(event_values(number, Kind.RESOLVED, at=now, actor=BY_ALERTS, details=ended) | {"pending": False})
    session.execute(insert(EventRow), entries)
