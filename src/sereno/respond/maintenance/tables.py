"""The table of scheduled maintenance."""

from __future__ import annotations

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import TABLE_OPTIONS, Base, key, maybe_moment, moment
from sereno.respond.maintenance.model import TITLE_LENGTH


class MaintenanceRow(Base):
    """One maintenance; see `model.Maintenance`."""

    __tablename__ = "maintenance"
    __table_args__ = (
        Index("ix_maintenance_ends_at", "ends_at"),
        Index("ix_maintenance_begins_at", "begins_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    title_es: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    text: Mapped[str] = mapped_column(Text)
    text_es: Mapped[str] = mapped_column(Text)
    begins_at: Mapped[moment]
    ends_at: Mapped[moment]
    ended_at: Mapped[maybe_moment]
    cancelled_at: Mapped[maybe_moment]
    components: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[moment]
    created_by: Mapped[str] = mapped_column(String(100))
    updated_at: Mapped[moment]
