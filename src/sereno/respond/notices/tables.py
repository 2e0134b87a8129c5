"""The tables of notices: the outbox, and every attempt."""

from __future__ import annotations

from sqlalchemy import JSON, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import BIG_KEY, TABLE_OPTIONS, Base, exact_string, key, maybe_moment, moment

WORDS_LENGTH = 400


class NoticeRow(Base):
    """One message to one channel; see `model.Notice`. `claimed_at`: someone is sending it, since then."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_state_next_try_at", "state", "next_try_at"),
        Index("ix_notice_incident_id_channel", "incident_id", "channel"),
        Index("ix_notice_channel_sent_at", "channel", "sent_at"),
        Index("ix_notice_joined_to", "joined_to"),
        TABLE_OPTIONS,
    )

    id: Mapped[key]
    incident_id: Mapped[int | None] = mapped_column(BIG_KEY)
    channel: Mapped[str] = mapped_column(exact_string(40))
    stages: Mapped[list[str]] = mapped_column(JSON)
    events: Mapped[list[int]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(exact_string(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[moment]
    next_try_at: Mapped[moment]
    claimed_at: Mapped[maybe_moment]
    sent_at: Mapped[maybe_moment]
    joined_to: Mapped[int | None] = mapped_column(BIG_KEY)
    words: Mapped[str] = mapped_column(String(WORDS_LENGTH), default="")


class AttemptRow(Base):
    """One try to send a notice; see `model.Attempt`."""

    __tablename__ = "notice_attempt"
    __table_args__ = (Index("ix_notice_attempt_notice_id", "notice_id"), TABLE_OPTIONS)

    id: Mapped[key]
    notice_id: Mapped[int] = mapped_column(BIG_KEY)
    at: Mapped[moment]
    ended_at: Mapped[maybe_moment]
    outcome: Mapped[str] = mapped_column(exact_string(16), default="")
    words: Mapped[str] = mapped_column(Text)
