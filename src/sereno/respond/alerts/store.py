"""Alerts in the database, given a session; whoever stands at the door commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, Select, bindparam, delete, func, insert, literal_column, or_, select, update
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.orm import Session

from sereno.database.upsert import upsert
from sereno.respond.alerts.model import HEARTBEAT, Alert, Details, Report, Told
from sereno.respond.alerts.plan import Stored
from sereno.respond.alerts.reconcile import Poll
from sereno.respond.alerts.tables import NAME_LENGTH, AlertRow, ReportRow, SeriesRow

URL_LENGTH = 16_000
"""A TEXT column holds 65,535 bytes, and a character may take four."""


def lock_series(session: Session, told: Iterable[Told], heard_at: datetime) -> bool:
    """Make or touch the row of every fingerprint, which holds its lock until the transaction ends.

    Always in the same order, so that two deliveries with the same alerts queue up instead of blocking each other.
    Answers whether every one is known to be new, so that there can be no alert of it yet.
    """
    details = {each.report.fingerprint: each.details for each in told}
    rows = [
        {
            "fingerprint": fingerprint,
            "name": details[fingerprint].name[:NAME_LENGTH],
            "severity": details[fingerprint].severity[:64],
            "instance": details[fingerprint].instance[:NAME_LENGTH],
            "labels": dict(details[fingerprint].labels),
            "heard_at": heard_at,
        }
        for fingerprint in sorted(details)
    ]
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        upsert(session, SeriesRow.__table__, rows, changes=["heard_at"])
        return False
    return connection.execute(_HEARD, rows).rowcount == len(rows)


_series = mysql_insert(SeriesRow)
# A row that is there always changes, if only by a microsecond, and counts two then; a new one counts one.
_HEARD = _series.on_duplicate_key_update(
    heard_at=func.greatest(
        _series.inserted.heard_at,
        func.timestampadd(literal_column("MICROSECOND"), literal_column("1"), SeriesRow.heard_at),
    )
)


def lock_existing(session: Session, fingerprints: Iterable[str]) -> None:
    """Take the lock of fingerprints that are stored already."""
    wanted = select(SeriesRow.fingerprint).where(SeriesRow.fingerprint.in_(sorted(set(fingerprints))))
    session.execute(wanted.order_by(SeriesRow.fingerprint).with_for_update()).all()


_TOUCHED = (
    select(
        AlertRow.id,
        AlertRow.fingerprint,
        AlertRow.began_at,
        AlertRow.starts_at,
        AlertRow.ended_at,
        AlertRow.ended_by,
        AlertRow.suppressed,
        AlertRow.annotations,
        AlertRow.generator_url,
        AlertRow.incident_id,
    )
    .where(
        AlertRow.fingerprint.in_(bindparam("fingerprints", expanding=True)),
        or_(AlertRow.ended_at.is_(None), AlertRow.ended_at >= bindparam("since")),
    )
    .order_by(AlertRow.began_at)
)


def alerts_touched_by(session: Session, reports: Iterable[Report]) -> list[Stored]:
    """The alerts that the reports may change: those not over before the earliest of the reports' starts."""
    starts = {report.fingerprint: report.starts_at for report in reports}
    if not starts:
        return []
    since = min(report.starts_at for report in reports)
    rows = session.connection().execute(_TOUCHED, {"fingerprints": sorted(starts), "since": since})
    return [Stored(*tuple(row)) for row in rows]


_TOLD = select(ReportRow.fingerprint, ReportRow.starts_at, ReportRow.firing_seen_at, ReportRow.ended_at).where(
    ReportRow.fingerprint.in_(bindparam("fingerprints", expanding=True)), ReportRow.starts_at >= bindparam("since")
)


def reports_since(session: Session, fingerprints: Iterable[str], since: datetime) -> list[Report]:
    """What was told of the fingerprints under starts from `since` onwards."""
    rows = session.connection().execute(_TOLD, {"fingerprints": sorted(set(fingerprints)), "since": since})
    return [Report(*row) for row in rows]


def save_reports(session: Session, reports: Iterable[Report]) -> None:
    """Store merged reports, new or changed."""
    rows = [
        {
            "fingerprint": report.fingerprint,
            "starts_at": report.starts_at,
            "firing_seen_at": report.firing_seen_at,
            "ended_at": report.ended_at,
        }
        for report in sorted(reports, key=lambda report: (report.fingerprint, report.starts_at))
    ]
    upsert(session, ReportRow.__table__, rows, changes=["firing_seen_at", "ended_at"])


_NEW_ALERT = insert(AlertRow)


def insert_alerts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new alerts."""
    if rows:
        session.connection().execute(_NEW_ALERT, [dict(row) for row in rows])


def update_alerts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store changed alerts, by their `id`, in one statement."""
    if rows:
        upsert(session, AlertRow.__table__, rows, changes=[name for name in rows[0] if name != "id"])


def delete_alerts(session: Session, ids: Sequence[int]) -> None:
    """Remove alerts that turned out to be part of another one."""
    if ids:
        session.execute(delete(AlertRow).where(AlertRow.id.in_(ids)))


def open_alerts(session: Session) -> list[Alert]:
    """Every alert that fires, newest first."""
    statement = _alerts_with_labels().where(AlertRow.ended_at.is_(None))
    return [_alert(row) for row in session.execute(statement.order_by(AlertRow.began_at.desc(), AlertRow.id.desc()))]


def note_poll(session: Session, poll: Poll) -> None:
    """Remember what the last look at Alertmanager's own list said about an alert, if it is open still."""
    session.execute(
        update(AlertRow)
        .where(AlertRow.id == poll.id, AlertRow.ended_at.is_(None))
        .values(missed_polls=poll.missed_polls, missing_since=poll.missing_since, suppressed=poll.suppressed)
    )


def note_absence(session: Session, gone: Iterable[tuple[str, datetime]]) -> None:
    """Mark ended alerts (by fingerprint and last start) as silently gone: nobody told their end."""
    for fingerprint, starts_at in gone:
        session.execute(
            update(AlertRow)
            .where(AlertRow.fingerprint == fingerprint, AlertRow.starts_at == starts_at, AlertRow.ended_at.is_not(None))
            .values(ended_by="absence")
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts to list. `after` is the (began_at, id) of the last one already seen; newest come first."""

    state: Literal["firing", "resolved", "all"] = "all"
    name: str = ""
    severity: str = ""
    instance: str = ""
    heartbeats: bool = False
    after: tuple[datetime, int] | None = None
    limit: int = 50


def listing(wanted: Wanted) -> Select[AlertRow, dict[str, str]]:
    """The statement that lists what is wanted, by key and not by offset: page 900 costs what page 1 does."""
    statement = _alerts_with_labels()
    if wanted.state == "firing":
        statement = statement.where(AlertRow.ended_at.is_(None))
    elif wanted.state == "resolved":
        statement = statement.where(AlertRow.ended_at.is_not(None))
    if wanted.name:
        statement = statement.where(SeriesRow.name == wanted.name)
    if wanted.severity:
        statement = statement.where(SeriesRow.severity == wanted.severity)
    elif not wanted.heartbeats:
        statement = statement.where(SeriesRow.severity != HEARTBEAT)
    if wanted.instance:
        statement = statement.where(SeriesRow.instance == wanted.instance)
    if wanted.after:
        began_at, last_id = wanted.after
        statement = statement.where(
            AlertRow.began_at <= began_at, or_(AlertRow.began_at < began_at, AlertRow.id < last_id)
        )
    return statement.order_by(AlertRow.began_at.desc(), AlertRow.id.desc()).limit(wanted.limit)


def list_alerts(session: Session, wanted: Wanted) -> list[Alert]:
    """At most `wanted.limit` alerts, newest first."""
    return [_alert(row) for row in session.execute(statement_for(session, wanted))]


def statement_for(session: Session, wanted: Wanted) -> Select[AlertRow, dict[str, str]]:
    """The statement of `listing`, told how to go about it.

    What many alerts have is soon found on the way from the newest back; what few have would never be, so those are
    looked up first and then sorted. The servers guess which it is, and their guess of a year of alerts costs a second.
    """
    statement = listing(wanted)
    if _is_common(session, wanted):
        return statement.prefix_with("STRAIGHT_JOIN", dialect="mysql")
    return statement


FEW = 500
"""So many fingerprints are looked up and their alerts sorted in a few milliseconds."""


def _is_common(session: Session, wanted: Wanted) -> bool:
    """Whether more than a few fingerprints have each of what is wanted."""
    filters = [
        column == value
        for column, value in (
            (SeriesRow.name, wanted.name),
            (SeriesRow.severity, wanted.severity),
            (SeriesRow.instance, wanted.instance),
        )
        if value
    ]
    return all(
        len(session.scalars(select(SeriesRow.fingerprint).where(each).limit(FEW + 1)).all()) > FEW for each in filters
    )


def alert_by_id(session: Session, id: int) -> Alert | None:
    """The alert, or None when there is none with that number."""
    row = session.execute(_alerts_with_labels().where(AlertRow.id == id)).one_or_none()
    return _alert(row) if row is not None else None


def alerts_of_incident(session: Session, incident_id: int, limit: int) -> list[Alert]:
    """At most `limit` alerts of an incident, newest first."""
    statement = _alerts_with_labels().where(AlertRow.incident_id == incident_id)
    statement = statement.order_by(AlertRow.began_at.desc(), AlertRow.id.desc()).limit(limit)
    return [_alert(row) for row in session.execute(statement)]


def names(session: Session) -> list[str]:
    """Every alert name that was ever heard, in order, for the filter."""
    return list(session.scalars(select(SeriesRow.name).distinct().order_by(SeriesRow.name).limit(500)))


LAST_HEARD = select(func.max(SeriesRow.heard_at))


def last_heard(session: Session) -> datetime | None:
    """When Alertmanager last delivered anything; None when it never has."""
    return session.scalar(LAST_HEARD)


def _alerts_with_labels() -> Select[AlertRow, dict[str, str]]:
    return select(AlertRow, SeriesRow.labels).join(SeriesRow, SeriesRow.fingerprint == AlertRow.fingerprint)


def _alert(row: Row[AlertRow, dict[str, str]]) -> Alert:
    stored, labels = row
    return Alert(
        id=stored.id,
        fingerprint=stored.fingerprint,
        details=Details(labels, stored.annotations, stored.generator_url),
        began_at=stored.began_at,
        starts_at=stored.starts_at,
        ended_at=stored.ended_at,
        ended_by=stored.ended_by,
        suppressed=stored.suppressed,
        missed_polls=stored.missed_polls,
        missing_since=stored.missing_since,
        updated_at=stored.updated_at,
        incident_id=stored.incident_id,
        foreign=stored.foreign_sender,
    )
