"""Daily sums in the database, given a session; whoever stands at the door commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sereno.database.upsert import upsert
from sereno.respond.status.tables import RolledRow, UptimeRow
from sereno.respond.status.uptime import Day

_SECONDS = ("up", "down", "unmeasured", "maintenance")


def days_since(session: Session, since: date) -> dict[str, dict[date, Day]]:
    """By component and day, from `since` on."""
    statement = select(UptimeRow.component, UptimeRow.day, *(getattr(UptimeRow, each) for each in _SECONDS))
    found: dict[str, dict[date, Day]] = {}
    for component, day, *seconds in session.execute(statement.where(UptimeRow.day >= since)):
        found.setdefault(component, {})[day] = Day(*seconds)
    return found


def days_of(session: Session, component: str) -> dict[date, Day]:
    """Every day that is known of one component."""
    statement = select(UptimeRow.day, *(getattr(UptimeRow, each) for each in _SECONDS))
    rows = session.execute(statement.where(UptimeRow.component == component).order_by(UptimeRow.day))
    return {day: Day(*seconds) for day, *seconds in rows}


def sums_since(session: Session, since: date) -> dict[str, Day]:
    """By component, the sum of all days from `since` on."""
    sums = (func.sum(getattr(UptimeRow, each)) for each in _SECONDS)
    statement = select(UptimeRow.component, *sums).where(UptimeRow.day >= since).group_by(UptimeRow.component)
    return {component: Day(*map(int, seconds)) for component, *seconds in session.execute(statement)}


def rolled_since(session: Session, since: date) -> dict[date, datetime]:
    """When each day from `since` on was last summed up."""
    statement = select(RolledRow.day, RolledRow.rolled_at).where(RolledRow.day >= since)
    return {row.day: row.rolled_at for row in session.execute(statement)}


def save_day(session: Session, day: date, sums: Mapping[str, Day], *, rolled_at: datetime) -> None:
    """Replace what is known of `day`, but never more by less: then Prometheus has forgotten, and we have not."""
    statement = select(UptimeRow.component, *(getattr(UptimeRow, each) for each in _SECONDS))
    before = {name: Day(*rest) for name, *rest in session.execute(statement.where(UptimeRow.day == day))}
    rows = [
        {"day": day, "component": component, **{each: getattr(seconds, each) for each in _SECONDS}}
        for component, seconds in sorted(sums.items())
        if seconds.known and seconds.known >= before.get(component, Day()).known
    ]
    upsert(session, UptimeRow.__table__, rows, changes=_SECONDS)
    note = [{"day": day, "rolled_at": rolled_at}]
    upsert(session, RolledRow.__table__, note, changes=["rolled_at"])
