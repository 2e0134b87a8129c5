"""Notices in the database, given a session; whoever stands at the door commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, true, update
from sqlalchemy.orm import Session

from sereno.respond.incidents.model import Event, Kind
from sereno.respond.incidents.tables import EventRow
from sereno.respond.notices.model import LEASE, UNSENT, WINDOW, Attempt, Notice, State
from sereno.respond.notices.tables import WORDS_LENGTH, AttemptRow, NoticeRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notices to list, newest first; empty fields look for nothing. `before` is the last number already seen."""

    state: State | None = None
    channel: str = ""
    incident_id: int | None = None
    before: int | None = None
    limit: int = 50


def pending_events(session: Session, limit: int) -> list[Event]:
    """What has happened to incidents and has not been made into notices, oldest first."""
    wanted = select(EventRow).where(EventRow.pending == true()).order_by(EventRow.id).limit(limit)
    return [_event(row) for row in session.scalars(wanted.with_for_update())]


def clear_pending(session: Session, ids: Sequence[int]) -> None:
    """They have been made into notices."""
    session.execute(update(EventRow).where(EventRow.id.in_(ids)).values(pending=False))


def events_by_id(session: Session, ids: Iterable[int]) -> list[Event]:
    """Those entries of timelines, in their order."""
    wanted = select(EventRow).where(EventRow.id.in_(sorted(set(ids)))).order_by(EventRow.id)
    return [_event(row) for row in session.scalars(wanted)]


def unsent(session: Session, incident_id: int, channel: str, now: datetime) -> NoticeRow | None:
    """The oldest notice about the incident to that channel that nobody is sending now."""
    return session.scalar(
        select(NoticeRow)
        .where(
            NoticeRow.incident_id == incident_id,
            NoticeRow.channel == channel,
            NoticeRow.state.in_(UNSENT),
            or_(NoticeRow.claimed_at.is_(None), NoticeRow.claimed_at < now - LEASE),
        )
        .order_by(NoticeRow.id)
        .limit(1)
        .with_for_update()
    )


def unsent_after(session: Session, incident_id: int, channel: str, id: int, now: datetime) -> list[NoticeRow]:
    """Younger notices than `id` about the incident to that channel that nobody is sending now, oldest first."""
    return list(
        session.scalars(
            select(NoticeRow)
            .where(
                NoticeRow.incident_id == incident_id,
                NoticeRow.channel == channel,
                NoticeRow.id > id,
                NoticeRow.state.in_(UNSENT),
                or_(NoticeRow.claimed_at.is_(None), NoticeRow.claimed_at < now - LEASE),
            )
            .order_by(NoticeRow.id)
            .with_for_update()
        )
    )


def add(
    session: Session,
    *,
    incident_id: int | None,
    channel: str,
    stages: Sequence[str],
    events: Sequence[int],
    state: State,
    now: datetime,
    words: str = "",
) -> NoticeRow:
    """Store a new notice; answers its row, with its number."""
    row = NoticeRow(
        incident_id=incident_id,
        channel=channel,
        stages=list(stages),
        events=list(events),
        state=state.value,
        attempts=0,
        created_at=now,
        next_try_at=now,
        words=words[:WORDS_LENGTH],
    )
    session.add(row)
    session.flush()
    return row


def due(session: Session, now: datetime, limit: int) -> list[NoticeRow]:
    """What is to be sent now and nobody is sending, oldest first.

    What was made or claimed in the future was so before the clock was set back, and waits for nothing.
    """
    return list(
        session.scalars(
            select(NoticeRow)
            .where(
                NoticeRow.state.in_(UNSENT),
                or_(NoticeRow.next_try_at <= now, NoticeRow.created_at > now),
                or_(NoticeRow.claimed_at.is_(None), NoticeRow.claimed_at < now - LEASE, NoticeRow.claimed_at > now),
            )
            .order_by(NoticeRow.id)
            .limit(limit)
            .with_for_update()
        )
    )


def sent_times(session: Session, channel: str, now: datetime) -> list[datetime]:
    """When the channel got something in the last hour, summaries left out."""
    rows = session.execute(
        select(NoticeRow.sent_at, NoticeRow.incident_id).where(
            NoticeRow.channel == channel, NoticeRow.sent_at > now - WINDOW
        )
    )
    return [moment for moment, incident_id in rows if incident_id is not None and moment is not None]


def last_summary(session: Session, channel: str) -> datetime | None:
    """When the channel's last summary was made."""
    return session.scalar(
        select(func.max(NoticeRow.created_at)).where(NoticeRow.channel == channel, NoticeRow.incident_id.is_(None))
    )


def claim(session: Session, row: NoticeRow, now: datetime) -> None:
    """Note that it is being sent. An attempt that nobody has ended was interrupted: whether it arrived is not known."""
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.notice_id == row.id, AttemptRow.outcome == "")
        .values(outcome="interrupted", ended_at=now)
    )
    row.claimed_at = now
    # Or it would be due at once after each failure, until a clock that was set back has made up for it.
    row.created_at = min(row.created_at, now)
    row.attempts += 1
    session.add(AttemptRow(notice_id=row.id, at=now, outcome="", words=""))


def unclaim(session: Session, row: NoticeRow) -> None:
    """As if it had not been claimed."""
    session.execute(delete(AttemptRow).where(AttemptRow.notice_id == row.id, AttemptRow.outcome == ""))
    row.claimed_at = None
    row.attempts -= 1


def end_attempt(session: Session, notice_id: int, now: datetime, outcome: str, words: str) -> None:
    """Note what came of the attempt that lasts."""
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.notice_id == notice_id, AttemptRow.outcome == "")
        .values(outcome=outcome, ended_at=now, words=words)
    )


def row_by_id(session: Session, id: int, *, lock: bool = False) -> NoticeRow | None:
    """The notice's row, or None."""
    wanted = select(NoticeRow).where(NoticeRow.id == id)
    return session.scalar(wanted.with_for_update() if lock else wanted)


def joined_to(session: Session, id: int) -> list[NoticeRow]:
    """The notices that another one stands for."""
    return list(session.scalars(select(NoticeRow).where(NoticeRow.joined_to == id).order_by(NoticeRow.id)))


def page(session: Session, wanted: Wanted) -> list[Notice]:
    """At most `wanted.limit` notices, newest first, by key and not by offset."""
    statement = select(NoticeRow)
    if wanted.state is not None:
        statement = statement.where(NoticeRow.state == wanted.state.value)
    if wanted.channel:
        statement = statement.where(NoticeRow.channel == wanted.channel)
    if wanted.incident_id is not None:
        statement = statement.where(NoticeRow.incident_id == wanted.incident_id)
    if wanted.before is not None:
        statement = statement.where(NoticeRow.id < wanted.before)
    return [to_notice(row) for row in session.scalars(statement.order_by(NoticeRow.id.desc()).limit(wanted.limit))]


def attempts_of(session: Session, ids: Sequence[int]) -> dict[int, tuple[Attempt, ...]]:
    """Every attempt of those notices, oldest first."""
    found: dict[int, list[Attempt]] = {}
    for row in session.scalars(select(AttemptRow).where(AttemptRow.notice_id.in_(ids)).order_by(AttemptRow.id)):
        found.setdefault(row.notice_id, []).append(Attempt(row.at, row.ended_at, row.outcome, row.words))
    return {id: tuple(attempts) for id, attempts in found.items()}


def to_notice(row: NoticeRow) -> Notice:
    """The row as a value."""
    return Notice(
        id=row.id,
        incident_id=row.incident_id,
        channel=row.channel,
        stages=tuple(row.stages),
        events=tuple(row.events),
        state=State(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        joined_to=row.joined_to,
        words=row.words,
        claimed_at=row.claimed_at,
    )


def _event(row: EventRow) -> Event:
    details: dict[str, Any] = row.details
    return Event(row.id, row.incident_id, row.at, Kind(row.kind), row.actor, row.text, details, row.public)
