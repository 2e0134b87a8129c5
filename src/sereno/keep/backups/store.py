"""What the worker tells of the folder, and what people ask for: the room's SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sereno.keep.backups.tables import OrderRow, ToldRow

_ONLY = 1


@dataclass(frozen=True, slots=True)
class Order:
    """A backup that somebody has asked for; `words` say why it failed, empty when it went well."""

    id: int
    asked_at: datetime
    asked_by: str
    begun_at: datetime | None
    ended_at: datetime | None
    words: str


def told(session: Session) -> tuple[datetime, Mapping[str, Any]] | None:
    """When the worker last told something new, and what; None before it has."""
    row = session.get(ToldRow, _ONLY)
    return None if row is None else (row.told_at, row.record)


def tell(session: Session, record: Mapping[str, Any], *, now: datetime) -> None:
    """Put `record` in the place of what was told before."""
    row = session.get(ToldRow, _ONLY)
    if row is None:
        session.add(ToldRow(id=_ONLY, told_at=now, record=dict(record)))
    elif row.record != record:
        row.record, row.told_at = dict(record), now


def ask(session: Session, *, by: str, now: datetime) -> Order:
    """Add an order."""
    row = OrderRow(asked_at=now, asked_by=by[:100], words="")
    session.add(row)
    session.flush()
    return _order(row)


def open_order(session: Session) -> Order | None:
    """The oldest order that has not ended."""
    row = session.scalar(select(OrderRow).where(OrderRow.ended_at.is_(None)).order_by(OrderRow.id).limit(1))
    return None if row is None else _order(row)


def last_order(session: Session) -> Order | None:
    """The latest order, ended or not."""
    row = session.scalar(select(OrderRow).order_by(OrderRow.id.desc()).limit(1))
    return None if row is None else _order(row)


def begin(session: Session, order: Order, *, now: datetime) -> None:
    """Note that an order is being carried out."""
    session.execute(update(OrderRow).where(OrderRow.id == order.id).values(begun_at=now))


def end(session: Session, order: Order, words: str, *, now: datetime) -> None:
    """Note how it went."""
    session.execute(update(OrderRow).where(OrderRow.id == order.id).values(ended_at=now, words=words[:2000]))


def _order(row: OrderRow) -> Order:
    return Order(row.id, row.asked_at, row.asked_by, row.begun_at, row.ended_at, row.words)
