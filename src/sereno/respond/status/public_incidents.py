"""Public incidents as strangers may read of them: what was published, under titles that give away nothing inside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from sereno.core.text import LANGUAGES, Text
from sereno.database.session import Database
from sereno.respond.alerts.tables import AlertRow, SeriesRow
from sereno.respond.incidents.model import BY_ALERTS, State
from sereno.respond.incidents.tables import ComponentRow, EventRow, IncidentRow
from sereno.respond.status.model import public_sentence
from sereno.respond.status.news import PublicIncident, Update

MOST = 100
"""Incidents on one page; a month with more has other troubles."""

MOST_UPDATES = 500
MOST_ALERTS = 500
"""So many alerts are looked through for words that may not leave; an incident of which none was seen keeps its rule's
name."""

BY_HEARTBEAT = "heartbeat:"
MISSED = Text("A regular task has not reported", "Una tarea periódica no ha dado señales de vida")


class PublicIncidents:
    """See `news.Incidents`. `own_alerts` are rules of Sereno's own; `public_names` answers what may be named now."""

    def __init__(
        self, database: Database, *, own_alerts: Collection[str], public_names: Callable[[], Collection[str]]
    ) -> None:
        self._database = database
        self._own_alerts = own_alerts
        self._public_names = public_names

    def recent(self, since: datetime) -> tuple[PublicIncident, ...]:
        """Those that go on, and those that were resolved since; the newest first."""
        return self._read(or_(IncidentRow.state != State.RESOLVED.value, IncidentRow.resolved_at >= since))

    def between(self, begin: datetime, end: datetime) -> tuple[PublicIncident, ...]:
        """Those that began within that time; the newest first."""
        return self._read(IncidentRow.opened_at >= begin, IncidentRow.opened_at < end)

    def of(self, component: str, since: datetime) -> tuple[PublicIncident, ...]:
        """Those of one component that began since; the newest first."""
        numbers = select(ComponentRow.incident_id).where(
            ComponentRow.component == component, ComponentRow.opened_at >= since
        )
        return self._read(IncidentRow.id.in_(numbers))

    def _read(self, *conditions: ColumnElement[bool]) -> tuple[PublicIncident, ...]:
        with self._database.unit_of_work() as session:
            statement = select(IncidentRow).where(
                IncidentRow.public == true(), IncidentRow.merged_into.is_(None), *conditions
            )
            order = (IncidentRow.opened_at.desc(), IncidentRow.id.desc())
            rows = list(session.scalars(statement.order_by(*order).limit(MOST)))
            if not rows:
                return ()
            updates = _updates(session, [row.id for row in rows])
            labels = _labels(session, [row.id for row in rows if row.opened_by == BY_ALERTS])
        names = frozenset(self._public_names()) if labels else frozenset()
        return tuple(
            PublicIncident(
                id=row.id,
                title=public_title(row, labels.get(row.id, ()), own_alerts=self._own_alerts, public_names=names),
                severity=row.severity,
                opened_at=row.opened_at,
                resolved_at=row.resolved_at if row.state == State.RESOLVED.value else None,
                components=tuple(row.components),
                updates=tuple(updates.get(row.id, ())),
            )
            for row in rows
        )


def public_title(
    row: Any, labels: Sequence[Mapping[str, str]], *, own_alerts: Collection[str], public_names: frozenset[str]
) -> Text:
    """What strangers may read as the title: a person's own words; of alerts what `public_sentence` lets through."""
    if row.opened_by.startswith(BY_HEARTBEAT):
        return MISSED
    title = Text(row.title, row.title_es or row.title)
    if row.opened_by != BY_ALERTS:
        return title
    if not labels:
        return Text(row.rule, row.rule)
    is_ours = row.rule in own_alerts
    shown = {
        language: all(
            public_sentence(sentence, "", each, is_ours=is_ours, public_names=public_names) == sentence
            for each in labels
        )
        for language in LANGUAGES
        for sentence in [title.in_language(language)]
    }
    return title if all(shown.values()) else Text(row.rule, row.rule)


def _updates(session: Session, ids: Sequence[int]) -> dict[int, list[Update]]:
    statement = (
        select(EventRow.incident_id, EventRow.id, EventRow.at, EventRow.kind, EventRow.text)
        .where(EventRow.incident_id.in_(ids), EventRow.public.is_(True), EventRow.text != "")
        .order_by(EventRow.id.desc())
        .limit(MOST_UPDATES)
    )
    found: dict[int, list[Update]] = {}
    for number, id, at, kind, text in session.execute(statement):
        found.setdefault(number, []).append(Update(id, at, kind, text))
    return found


def _labels(session: Session, ids: Sequence[int]) -> dict[int, list[Mapping[str, str]]]:
    if not ids:
        return {}
    statement = (
        select(AlertRow.incident_id, SeriesRow.labels)
        .join(SeriesRow, SeriesRow.fingerprint == AlertRow.fingerprint)
        .where(AlertRow.incident_id.in_(ids))
        .order_by(AlertRow.id)
        .limit(MOST_ALERTS)
    )
    found: dict[int, list[Mapping[str, str]]] = {}
    for number, labels in session.execute(statement):
        if number is not None:
            found.setdefault(number, []).append(labels)
    return found
