"""The room's tables, as migration 0005 makes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import TABLE_OPTIONS, Base, key, maybe_moment, moment


class ToldRow(Base):
    """The one row by which the worker, who sees the folder, tells the desk, who does not."""

    __tablename__ = "backup_told"
    __table_args__ = TABLE_OPTIONS

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    told_at: Mapped[moment]
    record: Mapped[dict[str, Any]] = mapped_column(JSON)


class OrderRow(Base):
    """A backup that somebody has asked for on the page."""

    __tablename__ = "backup_order"
    __table_args__ = (Index(None, "ended_at"), TABLE_OPTIONS)

    id: Mapped[key]
    asked_at: Mapped[moment]
    asked_by: Mapped[str] = mapped_column(String(100))
    begun_at: Mapped[maybe_moment]
    ended_at: Mapped[maybe_moment]
    words: Mapped[str] = mapped_column(Text)
