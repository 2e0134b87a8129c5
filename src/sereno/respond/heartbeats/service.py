"""What the desk does with heartbeats: takes signals, declares, and opens an incident when one falls silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import Conflict, NotFound
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.database.upsert import upsert
from sereno.guard import audit
from sereno.guard.model import Actor
from sereno.respond.heartbeats.model import (
    OPENED_BY,
    Expectation,
    Heartbeat,
    accepted_name,
    has_returned,
    is_missing,
    title_of,
    without_future,
    written,
)
from sereno.respond.heartbeats.tables import HeartbeatRow, WatchRow
from sereno.respond.incidents.model import State as IncidentState
from sereno.respond.incidents.service import Incidents

LOOK_SECONDS = 5
UNSEEN = timedelta(seconds=45)
"""When the desk was not seen to work for so long, signals may have been lost."""

_WATCH = 1


class Heartbeats:
    """The desk's heartbeats. Every method raises Unavailable without a database."""

    def __init__(self, database: Database, incidents: Incidents, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._incidents = incidents
        self._clock = clock

    def beat(self, name: str, *, actor: str, otherwise: Expectation) -> None:
        """Take a signal, in one statement; it declares an unknown name, as `otherwise` says. Raises UsageError."""
        now = self._clock()
        row = _row(accepted_name(name), otherwise, now=now, by=actor) | {"last_at": now}
        in_one_transaction(
            self._database, lambda session: upsert(session, HeartbeatRow.__table__, [row], changes=["last_at"])
        )

    def listed(self) -> tuple[Heartbeat, ...]:
        """All of them, by name."""
        with self._database.unit_of_work() as session:
            return tuple(_heartbeat(row) for row in session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.name)))

    def get(self, name: str) -> Heartbeat:
        """One of them. Raises NotFound."""
        with self._database.unit_of_work() as session:
            return _heartbeat(_found(session, name))

    def declare(self, name: str, expectation: Expectation, *, actor: Actor, is_new: bool = False) -> Heartbeat:
        """Expect it from now on, or otherwise than before, which `is_new` refuses. Raises UsageError, Conflict."""
        now = self._clock()
        accepted_name(name)

        def work(session: Session) -> Heartbeat:
            row = session.get(HeartbeatRow, name, with_for_update=True)
            if row is None:
                row = HeartbeatRow(**_row(name, expectation, now=now, by=actor.name))
                session.add(row)
                old: dict[str, object] = {}
            elif is_new:
                raise Conflict(
                    f"there is a heartbeat {name} already", next_step="change that one, or choose another name"
                )
            else:
                old = _told(_heartbeat(row))
                row.every_seconds = int(expectation.every.total_seconds())
                row.grace_seconds = int(expectation.grace.total_seconds())
                row.severity = expectation.severity
            session.flush()
            found = _heartbeat(row)
            audit.record(session, actor, "heartbeat.declare", _subject(name), now=now, old=old, new=_told(found))
            return found

        return in_one_transaction(self._database, work)

    def pause(self, name: str, *, paused: bool, actor: Actor) -> Heartbeat:
        """Expect nothing for a while, or again from now on. Raises NotFound."""
        now = self._clock()

        def work(session: Session) -> Heartbeat:
            row = _found(session, name, lock=True)
            if row.paused != paused:
                action = "heartbeat.pause" if paused else "heartbeat.resume"
                audit.record(session, actor, action, _subject(name), now=now)
                row.paused, row.expected_since = paused, row.expected_since if paused else now
            session.flush()
            return _heartbeat(row)

        found = in_one_transaction(self._database, work)
        if paused:
            self._let_go(found, by=actor)
        return found

    def remove(self, name: str, *, actor: Actor) -> Heartbeat:
        """Forget it; an incident of its silence resolves. Raises NotFound."""
        now = self._clock()

        def work(session: Session) -> Heartbeat:
            row = _found(session, name, lock=True)
            found = _heartbeat(row)
            session.delete(row)
            audit.record(session, actor, "heartbeat.remove", _subject(name), now=now, old=_told(found))
            return found

        gone = in_one_transaction(self._database, work)
        self._resolve(gone, actor)
        return gone

    def look(self, desk_answers: Callable[[], bool]) -> None:
        """Open an incident for each that has fallen silent, and resolve those of the ones that are back."""
        now = self._clock()
        if not desk_answers():
            return
        up_since = in_one_transaction(self._database, lambda session: _seen_at_work(session, now))
        for heartbeat in self.listed():
            if has_returned(heartbeat):
                self._let_go(heartbeat, by=_actor(heartbeat.name))
                continue
            if without_future(heartbeat, now) != heartbeat:
                heartbeat = self._set_back(heartbeat.name, now)
            if is_missing(heartbeat, now, up_since):
                self._open(heartbeat, now)

    def _set_back(self, name: str, now: datetime) -> Heartbeat:
        """Follow a clock that was set back."""

        def work(session: Session) -> Heartbeat:
            row = _found(session, name, lock=True)
            present = without_future(_heartbeat(row), now)
            row.expected_since, row.last_at = present.expected_since, present.last_at
            row.missing_since = present.missing_since
            return present

        return in_one_transaction(self._database, work)

    def _open(self, heartbeat: Heartbeat, now: datetime) -> None:
        """The incident and the mark, in one transaction: whoever dies here has opened both or neither."""

        def mark(session: Session, incident_id: int) -> None:
            row = session.get(HeartbeatRow, heartbeat.name, with_for_update=True)
            if row is not None:
                row.missing_since, row.incident_id = now, incident_id

        self._incidents.open(
            title_of(heartbeat.name),
            heartbeat.expectation.severity,
            (heartbeat.name,),
            actor=_actor(heartbeat.name),
            opened_at=min(heartbeat.due_at(), now),
            also=mark,
        )

    def _let_go(self, heartbeat: Heartbeat, *, by: Actor) -> None:
        self._resolve(heartbeat, by)

        def work(session: Session) -> None:
            row = session.get(HeartbeatRow, heartbeat.name, with_for_update=True)
            if row is not None:
                row.missing_since, row.incident_id = None, None

        in_one_transaction(self._database, work)

    def _resolve(self, heartbeat: Heartbeat, by: Actor) -> None:
        if heartbeat.incident_id is None:
            return
        if self._incidents.get(heartbeat.incident_id).state is IncidentState.RESOLVED:
            return
        try:
            self._incidents.resolve(heartbeat.incident_id, by)
        except Conflict:
            return  # A person was faster.


def _seen_at_work(session: Session, now: datetime) -> datetime:
    """Note that the desk works now; since when it has, without a break."""
    row = session.get(WatchRow, _WATCH, with_for_update=True)
    if row is None:
        row = WatchRow(id=_WATCH, up_since=now, seen_at=now)
        session.add(row)
    elif now - row.seen_at > UNSEEN or now < row.up_since:
        row.up_since = now
    row.seen_at = now
    return row.up_since


def _row(name: str, expectation: Expectation, *, now: datetime, by: str) -> dict[str, object]:
    return {
        "name": name,
        "every_seconds": int(expectation.every.total_seconds()),
        "grace_seconds": int(expectation.grace.total_seconds()),
        "severity": expectation.severity,
        "paused": False,
        "expected_since": now,
        "last_at": None,
        "created_at": now,
        "created_by": by[:100],
        "missing_since": None,
        "incident_id": None,
    }


def _heartbeat(row: HeartbeatRow) -> Heartbeat:
    return Heartbeat(
        name=row.name,
        expectation=Expectation(
            timedelta(seconds=row.every_seconds), timedelta(seconds=row.grace_seconds), row.severity
        ),
        paused=row.paused,
        expected_since=row.expected_since,
        last_at=row.last_at,
        created_at=row.created_at,
        created_by=row.created_by,
        missing_since=row.missing_since,
        incident_id=row.incident_id,
    )


def _told(heartbeat: Heartbeat) -> dict[str, object]:
    expectation = heartbeat.expectation
    return {
        "every": written(expectation.every),
        "grace": written(expectation.grace),
        "severity": expectation.severity,
    }


def _found(session: Session, name: str, *, lock: bool = False) -> HeartbeatRow:
    row = session.get(HeartbeatRow, name, with_for_update=True if lock else None)
    if row is None:
        raise NotFound(f"there is no heartbeat {name}", next_step="see the list at /heartbeats")
    return row


def _subject(name: str) -> str:
    return f"heartbeat:{name}"


def _actor(name: str) -> Actor:
    """Who opens and resolves the incident of a silence."""
    return Actor(f"{OPENED_BY}{name}", "local")
