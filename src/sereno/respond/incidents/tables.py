"""The tables of incidents, as migration 0008 makes them.

`incident` is what people see and change; its row is also the lock: whoever changes its state takes it for update, and
whoever adds an alert to it shares it, so that an incident cannot resolve behind an alert's back. `incident_component`
repeats the time for the sake of its index. `incident_event` is the timeline, and by `pending` the source of notices.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, Base, UtcDateTime, exact_string, key, maybe_moment, moment
from sereno.respond.incidents.model import COMPONENT_LENGTH, SEVERITY_LENGTH, TITLE_LENGTH


class IncidentRow(Base):
    """One incident; see `model.Incident`.

    `family` is the hash of the group whose alerts it takes, `slot` the same while it is the group's present incident:
    unique, so that two deliveries at once cannot open two. `host` is the further machine on which its alerts lie.
    `by_hand` says that a person holds it open, whatever its alerts do; `news` that its sums have to be made again.
    """

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("slot"),
        Index("ix_incident_family_resolved_at", "family", "resolved_at"),
        Index("ix_incident_opened_at", "opened_at"),
        Index("ix_incident_state_opened_at", "state", "opened_at"),
        Index("ix_incident_severity_opened_at", "severity", "opened_at"),
        Index("ix_incident_owner_opened_at", "owner", "opened_at"),
        Index("ix_incident_flapping_opened_at", "flapping", "opened_at"),
        Index("ix_incident_public_opened_at", "public", "opened_at"),
        Index("ix_incident_host_state", "host", "state"),
        Index("ix_incident_news", "news"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    title_es: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    state: Mapped[str] = mapped_column(exact_string(16))
    severity: Mapped[str] = mapped_column(String(SEVERITY_LENGTH))
    public: Mapped[bool] = mapped_column(Boolean, default=False)
    opened_at: Mapped[moment]
    detected_at: Mapped[moment]
    acknowledged_at: Mapped[maybe_moment]
    acknowledged_by: Mapped[str | None] = mapped_column(String(100))
    resolved_at: Mapped[maybe_moment]
    resolved_by: Mapped[str | None] = mapped_column(String(100))
    owner: Mapped[str | None] = mapped_column(exact_string(64))
    components: Mapped[list[str]] = mapped_column(JSON)
    flapping: Mapped[bool] = mapped_column(Boolean, default=False)
    opened_by: Mapped[str] = mapped_column(String(100))
    rule: Mapped[str] = mapped_column(String(255), default="")
    group_key: Mapped[str | None] = mapped_column(Text)
    family: Mapped[str | None] = mapped_column(exact_string(64))
    slot: Mapped[str | None] = mapped_column(exact_string(64))
    host: Mapped[str | None] = mapped_column(exact_string(64))
    merged_into: Mapped[int | None] = mapped_column(BIG_KEY)
    by_hand: Mapped[bool] = mapped_column(Boolean, default=False)
    news: Mapped[bool] = mapped_column(Boolean, default=False)


class ComponentRow(Base):
    """A component that an incident affects."""

    __tablename__ = "incident_component"
    __table_args__ = (Index("ix_incident_component_component", "component", "opened_at", "incident_id"), TABLE_OPTIONS)

    incident_id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True, autoincrement=False)
    component: Mapped[str] = mapped_column(exact_string(COMPONENT_LENGTH), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime())


class EventRow(Base):
    """One entry of a timeline; see `model.Event`. `pending`: it has not been made into notices yet."""

    __tablename__ = "incident_event"
    __table_args__ = (
        Index("ix_incident_event_incident_id", "incident_id", "id"),
        Index("ix_incident_event_pending", "pending", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    incident_id: Mapped[int] = mapped_column(BIG_KEY)
    at: Mapped[moment]
    kind: Mapped[str] = mapped_column(exact_string(32))
    actor: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    public: Mapped[bool] = mapped_column(Boolean, default=False)
    pending: Mapped[bool] = mapped_column(Boolean, default=False)


class SettingsSeenRow(Base):
    """Which settings ran since when, by a hash of them: a row for each change."""

    __tablename__ = "settings_seen"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[key]
    seen_at: Mapped[moment]
    fingerprint: Mapped[str] = mapped_column(exact_string(64))
