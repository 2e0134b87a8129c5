"""What a notice is, when it is tried again, and how many an hour a channel gets. Values and rules only.

A notice is one message to one channel about one incident. What is still unsent when more happens to its incident takes
that in, so that people get one message that says both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
PATIENCE = timedelta(days=1)
"""After so long a notice is given up."""

LEASE = timedelta(seconds=120)
"""Who has claimed a notice for longer than this has died: no sending takes half as long."""

WINDOW = timedelta(hours=1)
BATCH = 20
SUMMARY = "summary"
"""The stage of a message that stands for those beyond a channel's limit."""


class State(StrEnum):
    """Where a notice stands. `failed` is tried again; `given-up` and `suppressed` are not."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given-up"
    SUPPRESSED = "suppressed"


UNSENT = (State.QUEUED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `outcome` is sent, failed, refused (for good), or empty while it lasts; interrupted: nobody knows."""

    at: datetime
    ended_at: datetime | None
    outcome: str
    words: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one channel. `incident_id` is None for a summary; `events` are its entries of the timeline.

    `joined_to` is the notice that says what this one would have said; `words` are why it is as it is.
    """

    id: int
    incident_id: int | None
    channel: str
    stages: tuple[str, ...]
    events: tuple[int, ...]
    state: State
    attempts: int
    created_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    joined_to: int | None
    words: str
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; `words` are empty when it went well, and hold no secret.

    `unbegun`: it did not come to that, and the notice is due as before.
    """

    notice_id: int
    claimed_at: datetime
    good: bool
    permanent: bool = False
    words: str = ""
    unbegun: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a channel's due notices is sent now, what a summary stands for, and what waits until when."""

    now: tuple[Notice, ...]
    summed_up: tuple[Notice, ...] = ()
    held: tuple[Notice, ...] = ()
    held_until: datetime | None = None


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts in a row have failed: 30 s, doubled each time, an hour at most."""
    doubled = FIRST_PAUSE.total_seconds() * 2.0 ** min(max(attempts - 1, 0), 16)
    return min(timedelta(seconds=doubled), LONGEST_PAUSE)


def after_failure(notice: Notice, outcome: Outcome, now: datetime) -> tuple[State, datetime]:
    """The state that a failed attempt leaves, and when it is tried again: not when it is for good or a day is over."""
    next_try_at = now + pause_after(notice.attempts)
    if outcome.permanent or next_try_at - notice.created_at > PATIENCE:
        return State.GIVEN_UP, now
    return State.FAILED, next_try_at


def plan(
    due: Sequence[Notice], *, sent_at: Sequence[datetime], summed_up_at: datetime | None, per_hour: int, now: datetime
) -> Plan:
    """Which of one channel's `due` notices go out, oldest first.

    `sent_at` are the times of what the channel got in the last hour, `summed_up_at` that of its last summary. What is
    beyond the limit is told by one summary; after that, what comes waits until the hour is over.
    """
    recent = sorted(moment for moment in sent_at if now - moment < WINDOW)
    free = max(0, per_hour - len(recent))
    going, beyond = tuple(due[:free]), tuple(due[free:])
    if not beyond:
        return Plan(going)
    if summed_up_at is None or now - summed_up_at >= WINDOW:
        return Plan(going, summed_up=beyond)
    until = max(summed_up_at, recent[0] if recent else now) + WINDOW
    return Plan(going, held=beyond, held_until=until)
