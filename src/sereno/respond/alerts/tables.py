"""The tables of alerts. Three, because three things have different keys.

`alert_series` is one row per fingerprint: its labels never change. Its row is also the lock: whoever writes about a
fingerprint takes it first, so two deliveries about one alert take turns and all others go side by side.
`alert_report` is what was told, merged, per fingerprint and start; `alert` is what people see, cut from the reports.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, Base, UtcDateTime, exact_string, key, maybe_moment, moment

NAME_LENGTH = 255


class SeriesRow(Base):
    """One fingerprint and its labels; names are cut to what an index holds, the labels are whole."""

    __tablename__ = "alert_series"
    __table_args__ = (
        Index("ix_alert_series_name", "name"),
        Index("ix_alert_series_instance", "instance"),
        Index("ix_alert_series_severity", "severity"),
        Index("ix_alert_series_heard_at", "heard_at"),
        TABLE_OPTIONS,
    )

    fingerprint: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    severity: Mapped[str] = mapped_column(String(64))
    instance: Mapped[str] = mapped_column(String(NAME_LENGTH))
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    heard_at: Mapped[moment]


class ReportRow(Base):
    """Everything told of one fingerprint under one start; see `model.Report`."""

    __tablename__ = "alert_report"
    __table_args__ = (TABLE_OPTIONS,)

    fingerprint: Mapped[str] = mapped_column(exact_string(64), ForeignKey("alert_series.fingerprint"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime(), primary_key=True)
    firing_seen_at: Mapped[moment]
    ended_at: Mapped[maybe_moment]


class AlertRow(Base):
    """One alert from its first start to its end; see `model.Alert`. `incident_id` is the incident it belongs to.

    `foreign_sender`: not this system's own Alertmanager, whose list therefore says nothing of its absence.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("fingerprint", "began_at"),
        Index("ix_alert_fingerprint_ended_at", "fingerprint", "ended_at"),
        Index("ix_alert_ended_at_began_at", "ended_at", "began_at"),
        Index("ix_alert_began_at", "began_at"),
        Index("ix_alert_incident_id_ended_at", "incident_id", "ended_at"),
        Index("ix_alert_incident_id_began_at", "incident_id", "began_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    fingerprint: Mapped[str] = mapped_column(exact_string(64), ForeignKey("alert_series.fingerprint"))
    began_at: Mapped[moment]
    starts_at: Mapped[moment]
    ended_at: Mapped[maybe_moment]
    ended_by: Mapped[str | None] = mapped_column(String(16))
    suppressed: Mapped[bool] = mapped_column(Boolean, default=False)
    annotations: Mapped[dict[str, str]] = mapped_column(JSON)
    generator_url: Mapped[str] = mapped_column(Text)
    missed_polls: Mapped[int] = mapped_column(Integer, default=0)
    missing_since: Mapped[maybe_moment]
    updated_at: Mapped[moment]
    incident_id: Mapped[int | None] = mapped_column(BIG_KEY)
    foreign_sender: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
