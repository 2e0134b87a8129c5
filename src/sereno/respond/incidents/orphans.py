"""Alerts that fire and belong to no incident: those that an older program stored, and those whose silence is over.

A silenced alert opens nothing. When Alertmanager stops silencing it, no delivery need follow, since for Alertmanager
the group has not changed: then this finds it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from sereno.respond.alerts.model import HEARTBEAT, Details
from sereno.respond.alerts.store import lock_existing
from sereno.respond.alerts.tables import AlertRow, SeriesRow
from sereno.respond.incidents.grouping import Rules, Stretch
from sereno.respond.incidents.intake import News, place

AT_ONCE = 200


def orphans() -> Select[int, str, datetime, dict[str, str], str, dict[str, str]]:
    """The statement that finds them."""
    return (
        select(
            AlertRow.id,
            AlertRow.fingerprint,
            AlertRow.began_at,
            AlertRow.annotations,
            AlertRow.generator_url,
            SeriesRow.labels,
        )
        .join(SeriesRow, SeriesRow.fingerprint == AlertRow.fingerprint)
        .where(
            AlertRow.incident_id.is_(None),
            AlertRow.ended_at.is_(None),
            AlertRow.suppressed.is_(False),
            SeriesRow.severity != HEARTBEAT,
        )
        .order_by(AlertRow.id)
        .limit(AT_ONCE)
    )


def place_orphans(session: Session, rules: Rules, now: datetime) -> int:
    """Find or open the incident of each; answers how many there were. Raises Again."""
    found = session.execute(orphans()).all()
    if not found:
        return 0
    lock_existing(session, (row.fingerprint for row in found))
    # Asked again under the locks: a delivery may have ended one of them meanwhile.
    found = session.execute(orphans()).all()
    news = [
        News(row.fingerprint, Stretch(row.began_at, None), Details(row.labels, row.annotations, row.generator_url), "")
        for row in found
    ]
    placed = place(session, rules, news, [], now)
    session.connection().execute(
        update(AlertRow).where(AlertRow.id == bindparam("number")).values(incident_id=bindparam("incident")),
        [{"number": row.id, "incident": placed[row.fingerprint].pop(0)} for row in found],
    )
    return len(found)
