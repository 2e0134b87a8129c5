"""The tables of heartbeats."""

from __future__ import annotations

from sqlalchemy import Boolean, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, Base, exact_string, maybe_moment, moment


class HeartbeatRow(Base):
    """One heartbeat; see `model.Heartbeat`."""

    __tablename__ = "heartbeat"
    __table_args__ = (TABLE_OPTIONS,)

    name: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    every_seconds: Mapped[int] = mapped_column(Integer)
    grace_seconds: Mapped[int] = mapped_column(Integer)
    severity: Mapped[str] = mapped_column(String(64))
    paused: Mapped[bool] = mapped_column(Boolean, default=False)
    expected_since: Mapped[moment]
    last_at: Mapped[maybe_moment]
    created_at: Mapped[moment]
    created_by: Mapped[str] = mapped_column(String(100))
    missing_since: Mapped[maybe_moment]
    incident_id: Mapped[int | None] = mapped_column(BIG_KEY)


class WatchRow(Base):
    """Since when the desk could take signals without a break, and when that was last seen: one row, with the id 1."""

    __tablename__ = "heartbeat_watch"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True, autoincrement=False)
    up_since: Mapped[moment]
    seen_at: Mapped[moment]
