"""What the desk does about notices: makes them of what has happened, hands them out, and notes what came of it.

1. `take_news` turns pending entries of timelines into notices and clears their flag, in one transaction: whatever dies
   on the way, each entry is turned into notices once.
2. `claim` hands out what is due and notes that it is being sent. Who dies between sending and recording leaves a claim
   that ends by itself; the message is then sent a second time, and never not at all.
3. `record` notes what came of it: sent, to be tried again, or given up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import Conflict, NotFound
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard.model import Actor
from sereno.respond.incidents import store as incidents
from sereno.respond.incidents.families import event_values
from sereno.respond.incidents.model import Event, Incident, Kind
from sereno.respond.notices import messages, store
from sereno.respond.notices.messages import Message, Voice
from sereno.respond.notices.model import BATCH, SUMMARY, Attempt, Notice, Outcome, State, after_failure, plan
from sereno.respond.notices.routes import channels_for
from sereno.respond.notices.store import Wanted
from sereno.respond.notices.tables import WORDS_LENGTH, NoticeRow
from sereno.settings.notify import NotifySection

NEWS = 200
ACTOR = "notices"


@dataclass(frozen=True, slots=True)
class Order:
    """A message to send now."""

    notice_id: int
    claimed_at: datetime
    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class Page:
    """One page of notices with their attempts; `next` is what to ask for to see older ones, None at the end."""

    notices: tuple[Notice, ...]
    attempts: Mapping[int, tuple[Attempt, ...]]
    next: int | None


class Notices:
    """The desk's notices. Every method is one transaction of its own and raises Unavailable without a database."""

    def __init__(self, database: Database, notify: NotifySection, voice: Voice, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._notify = notify
        self._voice = voice
        self._clock = clock

    def take_news(self) -> int:
        """Make notices of what has happened to incidents; answers how many entries were taken."""
        now = self._clock()

        def work(session: Session) -> int:
            news = store.pending_events(session, NEWS)
            if not news:
                return 0
            known = {id: incidents.incident_by_id(session, id) for id in {event.incident_id for event in news}}
            if self._notify.channels:
                for event in news:
                    incident = known[event.incident_id]
                    if incident is not None:
                        self._take(session, event, incident, now)
            store.clear_pending(session, [event.id for event in news])
            return len(news)

        return in_one_transaction(self._database, work)

    def claim(self) -> list[Order]:
        """What to send now, claimed for the caller."""
        now = self._clock()
        return in_one_transaction(self._database, lambda session: self._claim(session, now))

    def record(self, outcome: Outcome) -> None:
        """Note what came of an order. One whose claim was taken over by another meanwhile is left to that one."""
        now = self._clock()
        in_one_transaction(self._database, lambda session: self._record(session, outcome, now))

    def page(self, wanted: Wanted) -> Page:
        """The notices that are `wanted`, newest first, each with its attempts."""
        with self._database.unit_of_work() as session:
            found = store.page(session, replace(wanted, limit=wanted.limit + 1))
            shown = tuple(found[: wanted.limit])
            attempts = store.attempts_of(session, [notice.id for notice in shown])
        return Page(shown, attempts, shown[-1].id if len(found) > wanted.limit else None)

    def get(self, id: int) -> tuple[Notice, tuple[Attempt, ...]]:
        """One notice with its attempts. Raises NotFound."""
        with self._database.unit_of_work() as session:
            row = _found(store.row_by_id(session, id), id)
            return store.to_notice(row), store.attempts_of(session, [id]).get(id, ())

    def try_again(self, id: int, actor: Actor) -> Notice:
        """Send at once what was given up or waits. Raises NotFound; Conflict when it was sent or is told elsewhere."""
        now = self._clock()

        def work(session: Session) -> Notice:
            row = _found(store.row_by_id(session, id, lock=True), id)
            if row.state not in (State.GIVEN_UP, State.FAILED, State.QUEUED):
                raise Conflict(f"notice {id} is {row.state}", next_step="only what was not sent can be tried again")
            audit.record(session, actor, "notice.retry", f"notice:{id}", now=now, old={"state": row.state})
            row.state, row.next_try_at, row.created_at, row.words = State.QUEUED.value, now, now, ""
            session.flush()
            return store.to_notice(row)

        return in_one_transaction(self._database, work)

    def _take(self, session: Session, event: Event, incident: Incident, now: datetime) -> None:
        stage = event.kind.value
        channels = channels_for(
            self._notify, stage=stage, severity=incident.severity, components=incident.components, now=now
        )
        if not channels:
            store.add(session, incident_id=incident.id, channel="", stages=[stage], events=[event.id],
                      state=State.SUPPRESSED, now=now, words="no route takes it")  # fmt: skip
        for channel in channels:
            row = store.unsent(session, incident.id, channel, now)
            if row is None:
                store.add(session, incident_id=incident.id, channel=channel, stages=[stage], events=[event.id],
                          state=State.QUEUED, now=now)  # fmt: skip
            else:
                _join(row, [stage], [event.id])

    def _claim(self, session: Session, now: datetime) -> list[Order]:
        rows = store.due(session, now, BATCH)
        known = {channel.name for channel in self._notify.channels}
        for row in rows:
            if row.channel not in known:
                row.state, row.words = State.GIVEN_UP.value, "the settings have no such channel any more"
        by_id = {row.id: row for row in rows if row.channel in known}
        chosen: list[NoticeRow] = []
        for channel, group in groupby(sorted(by_id.values(), key=lambda row: (row.channel, row.id)), _channel):
            chosen += self._chosen(session, channel, list(group), now)
        orders = []
        for row in _in_turn(chosen):
            store.claim(session, row, now)
            orders.append(Order(row.id, now, row.channel, self._message(session, row)))
        return orders

    def _chosen(self, session: Session, channel: str, rows: list[NoticeRow], now: datetime) -> list[NoticeRow]:
        """Those of a channel's due notices that go out now; within its limit, and a summary for what is beyond."""
        summaries = [row for row in rows if row.incident_id is None]
        due = {row.id: row for row in rows if row.incident_id is not None}
        planned = plan(
            [store.to_notice(row) for row in due.values()],
            sent_at=store.sent_times(session, channel, now),
            summed_up_at=store.last_summary(session, channel),
            per_hour=self._notify.per_hour,
            now=now,
        )
        for held in planned.held:
            due[held.id].next_try_at = planned.held_until or now
        if planned.summed_up:
            summary = store.add(session, incident_id=None, channel=channel, stages=[SUMMARY], events=[],
                                state=State.QUEUED, now=now)  # fmt: skip
            for each in planned.summed_up:
                row = due[each.id]
                row.state, row.joined_to, row.words = State.SUPPRESSED.value, summary.id, "beyond the channel's limit"
            summaries.append(summary)
        session.flush()
        return [*summaries, *(due[each.id] for each in planned.now)]

    def _message(self, session: Session, row: NoticeRow) -> Message:
        if row.incident_id is None:
            covered = store.joined_to(session, row.id)
            about = [incidents.incident_by_id(session, id) for id in dict.fromkeys(each.incident_id for each in covered)
                     if id is not None]  # fmt: skip
            known = [incident for incident in about if incident is not None]
            return messages.summary(known, count=len(covered), limit=self._notify.per_hour, voice=self._voice)
        incident = incidents.incident_by_id(session, row.incident_id)
        if incident is None:
            raise RuntimeError(f"notice {row.id} is about incident {row.incident_id}, which is not there")
        return messages.about(incident, store.events_by_id(session, row.events), self._voice)

    def _record(self, session: Session, outcome: Outcome, now: datetime) -> None:
        row = store.row_by_id(session, outcome.notice_id, lock=True)
        if row is None or row.claimed_at != outcome.claimed_at:
            return
        if outcome.unbegun:
            store.unclaim(session, row)
            return
        row.claimed_at, row.words = None, outcome.words[:WORDS_LENGTH]
        if outcome.good:
            row.state, row.sent_at = State.SENT.value, now
        else:
            state, row.next_try_at = after_failure(store.to_notice(row), outcome, now)
            row.state = state.value
            self._join_younger(session, row, now)
        said = "sent" if outcome.good else "refused" if outcome.permanent else "failed"
        store.end_attempt(session, row.id, now, said, outcome.words)
        if row.state in (State.SENT, State.GIVEN_UP):
            _tell_timelines(session, row, now)

    def _join_younger(self, session: Session, row: NoticeRow, now: datetime) -> None:
        """What came up while this one was being sent in vain is said by one message, not in the wrong order by two."""
        if row.incident_id is None or row.state != State.FAILED:
            return
        session.flush()
        younger = store.unsent_after(session, row.incident_id, row.channel, row.id, now)
        for each in younger:
            _join(row, each.stages, each.events)
            each.state, each.joined_to, each.words = State.SUPPRESSED.value, row.id, "told by another notice"


def _channel(row: NoticeRow) -> str:
    return row.channel


def _in_turn(rows: Sequence[NoticeRow]) -> list[NoticeRow]:
    """Each channel's first, then each one's second …: a slow channel is not to hold up the others."""
    places: dict[str, int] = {}
    ranked = []
    for row in rows:
        places[row.channel] = places.get(row.channel, 0) + 1
        ranked.append((places[row.channel], row))
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]


def _join(row: NoticeRow, stages: Sequence[str], events: Sequence[int]) -> None:
    # New lists: a change within the old ones would not be seen, and not be stored.
    row.stages = [*row.stages, *stages]
    row.events = [*row.events, *events]


def _tell_timelines(session: Session, row: NoticeRow, now: datetime) -> None:
    """Note in the incidents' timelines that people were told, or could not be."""
    about = [row] if row.incident_id is not None else store.joined_to(session, row.id)
    for each in about:
        if each.incident_id is None:
            continue
        details: dict[str, Any] = {
            "notice": row.id,
            "channel": row.channel,
            "stages": each.stages,
            "state": row.state,
            "attempts": row.attempts,
        } | ({"words": row.words} if row.words else {})
        incidents.add_event(session, event_values(each.incident_id, Kind.NOTICE, at=now, actor=ACTOR, details=details))


def _found(row: NoticeRow | None, id: int) -> NoticeRow:
    if row is None:
        raise NotFound(f"there is no notice {id}", next_step="see the list at /notices")
    return row
