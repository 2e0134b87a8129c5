"""Maintenance in the database, given a session; whoever stands at the door commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sereno.core.text import Text
from sereno.respond.maintenance.model import Maintenance, Wanted
from sereno.respond.maintenance.tables import MaintenanceRow


def row_by_id(session: Session, id: int) -> MaintenanceRow | None:
    """The row, locked until the transaction ends; None when there is none with that number."""
    return session.scalar(select(MaintenanceRow).where(MaintenanceRow.id == id).with_for_update())


def between(session: Session, begin: datetime, end: datetime) -> list[Maintenance]:
    """All that are planned to touch the time from `begin` to `end`, cancelled ones too; the earliest first."""
    statement = select(MaintenanceRow).where(MaintenanceRow.ends_at > begin, MaintenanceRow.begins_at < end)
    return [to_maintenance(row) for row in session.scalars(statement.order_by(MaintenanceRow.begins_at))]


def newest(session: Session, *, before_id: int | None, limit: int) -> list[Maintenance]:
    """At most `limit`, the last made first, only numbers below `before_id` where that is given."""
    statement = select(MaintenanceRow).order_by(MaintenanceRow.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(MaintenanceRow.id < before_id)
    return [to_maintenance(row) for row in session.scalars(statement)]


def new_row(wanted: Wanted, *, by: str, now: datetime) -> MaintenanceRow:
    """A row that is not stored yet."""
    row = MaintenanceRow(created_at=now, created_by=by[:100], ended_at=None, cancelled_at=None)
    fill(row, wanted, now=now)
    return row


def fill(row: MaintenanceRow, wanted: Wanted, *, now: datetime) -> None:
    """Give the row other values."""
    row.title, row.title_es = wanted.title.en, wanted.title.es
    row.text, row.text_es = wanted.text.en, wanted.text.es
    row.begins_at, row.ends_at = wanted.begins_at, wanted.ends_at
    row.components, row.updated_at = list(wanted.components), now


def to_maintenance(row: MaintenanceRow) -> Maintenance:
    """The row as a value."""
    return Maintenance(
        id=row.id,
        title=Text(row.title, row.title_es),
        text=Text(row.text, row.text_es),
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        components=tuple(row.components),
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
        cancelled_at=row.cancelled_at,
    )
