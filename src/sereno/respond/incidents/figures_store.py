"""What figures need from the database, given a session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from sereno.respond.alerts.model import HEARTBEAT
from sereno.respond.alerts.tables import AlertRow, SeriesRow
from sereno.respond.incidents.figures import Case, Figures, RuleCount, figures
from sereno.respond.incidents.model import State
from sereno.respond.incidents.strip import Stroke
from sereno.respond.incidents.tables import IncidentRow
from sereno.watch.conventions import TEST_ALERT

_HEARTBEAT = "heartbeat:"
"""A heartbeat that came back is nobody's doing."""


def cases(session: Session, since: datetime, until: datetime) -> list[Case]:
    """The incidents that began from `since` (included) to `until` (not), without those that became part of another
    and without tests.

    Plain rows: objects would cost as much again as the query.
    """
    statement = select(
        IncidentRow.opened_at,
        IncidentRow.detected_at,
        IncidentRow.acknowledged_at,
        IncidentRow.resolved_at,
        IncidentRow.resolved_by,
        IncidentRow.severity,
        IncidentRow.components,
        IncidentRow.flapping,
        IncidentRow.rule,
        IncidentRow.state,
    ).where(
        IncidentRow.merged_into.is_(None),
        IncidentRow.opened_at >= since,
        IncidentRow.opened_at < until,
        IncidentRow.rule != TEST_ALERT,
    )
    return [
        Case(
            opened_at=row.opened_at,
            detected_at=row.detected_at,
            acknowledged_at=row.acknowledged_at,
            resolved_at=row.resolved_at if row.state == State.RESOLVED.value else None,
            resolved_by=None if (row.resolved_by or "").startswith(_HEARTBEAT) else row.resolved_by,
            severity=row.severity,
            components=tuple(row.components),
            flapping=row.flapping,
            rule=row.rule,
        )
        for row in session.execute(statement)
    ]


def strokes(session: Session, since: datetime, limit: int) -> list[Stroke]:
    """What the strip draws: the newest incidents that began from `since` on, and the newest that are not over."""
    columns = (IncidentRow.id, IncidentRow.opened_at, IncidentRow.resolved_at, IncidentRow.severity)
    newest = (
        select(*columns)
        .where(IncidentRow.merged_into.is_(None))
        .order_by(IncidentRow.opened_at.desc(), IncidentRow.id.desc())
        .limit(limit)
    )
    unresolved = newest.where(IncidentRow.state.in_([State.OPEN.value, State.ACKNOWLEDGED.value]))
    found = {
        row.id: Stroke(row.opened_at, row.resolved_at, row.severity)
        for statement in (newest.where(IncidentRow.opened_at >= since), unresolved)
        for row in session.execute(statement)
    }
    return list(found.values())


def rule_counts(session: Session, since: datetime, until: datetime) -> list[RuleCount]:
    """How the alerts that began in that time fared, by rule; heartbeats and tests are none."""
    acknowledged = IncidentRow.acknowledged_at.is_not(None)
    by_itself = (
        (IncidentRow.state == State.RESOLVED.value)
        & (IncidentRow.resolved_by.is_(None) | IncidentRow.resolved_by.startswith(_HEARTBEAT))
        & IncidentRow.acknowledged_at.is_(None)
    )
    statement = (
        select(
            SeriesRow.name,
            func.count(),
            func.sum(case((acknowledged, 1), else_=0)),
            func.sum(case((by_itself, 1), else_=0)),
            func.sum(case((IncidentRow.flapping.is_(True), 1), else_=0)),
        )
        .select_from(AlertRow)
        .join(SeriesRow, SeriesRow.fingerprint == AlertRow.fingerprint)
        .outerjoin(IncidentRow, IncidentRow.id == AlertRow.incident_id)
        .where(AlertRow.began_at >= since, AlertRow.began_at < until)
        .where(SeriesRow.severity != HEARTBEAT, SeriesRow.name != TEST_ALERT)
        .group_by(SeriesRow.name)
    )
    return [
        RuleCount(name, int(fired), int(taken or 0), int(alone or 0), int(flapped or 0))
        for name, fired, taken, alone, flapped in session.execute(statement)
    ]


def read_figures(
    session: Session,
    waits: Mapping[str, timedelta],
    *,
    since: datetime,
    until: datetime,
    watched_since: datetime | None = None,
) -> Figures:
    """The figures of what began between `since` and `until`; see `figures.figures`."""
    return figures(
        cases(session, since, until),
        rule_counts(session, since, until),
        waits,
        since=since,
        until=until,
        watched_since=watched_since,
    )
