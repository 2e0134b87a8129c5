"""Tables of daily sums: Prometheus keeps weeks, these keep years."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import TABLE_OPTIONS, Base, exact_string, moment


class UptimeRow(Base):
    """Seconds of one component on one day of UTC; see `uptime.Day`. A day without a row was not measured at all."""

    __tablename__ = "uptime_day"
    __table_args__ = (Index("ix_uptime_day_component_day", "component", "day"), TABLE_OPTIONS)

    day: Mapped[date] = mapped_column(Date(), primary_key=True)
    component: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    up: Mapped[int] = mapped_column(Integer)
    down: Mapped[int] = mapped_column(Integer)
    unmeasured: Mapped[int] = mapped_column(Integer)
    maintenance: Mapped[int] = mapped_column(Integer)


class RolledRow(Base):
    """When a day was last summed up; after its end, it is done with."""

    __tablename__ = "uptime_rolled"
    __table_args__ = (TABLE_OPTIONS,)

    day: Mapped[date] = mapped_column(Date(), primary_key=True)
    rolled_at: Mapped[moment]
