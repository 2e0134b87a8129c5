"""Notices by program: what was sent to whom, what was not and why, and another try."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from sereno.guard.model import Role
from sereno.respond.notices.model import Attempt, Notice, State
from sereno.respond.notices.service import Notices
from sereno.respond.notices.store import Wanted
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import actor
from sereno.web.i18n import N_
from sereno.wiring.notices import open_notices

blueprint = Blueprint("notices_api", __name__, url_prefix=f"{PREFIX}/notices")

TAG = N_("Notices")
SCOPE = "incidents:write"


class AttemptOut(ApiModel):
    """One try to send it."""

    at: datetime
    ended_at: datetime | None
    outcome: str = Field(
        description=N_("sent, failed, refused (for good), interrupted (nobody knows), or empty while it lasts.")
    )
    words: str

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptOut:
        """The attempt as the API tells it."""
        return cls(at=attempt.at, ended_at=attempt.ended_at, outcome=attempt.outcome, words=attempt.words)


class NoticeOut(ApiModel):
    """A message to one channel."""

    id: int
    incident: int | None = Field(description=N_("The incident's number; null for a summary of several."))
    channel: str = Field(description=N_("Its name in the settings; empty where no route took it."))
    stages: list[str]
    state: State
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    told_by: int | None = Field(description=N_("The notice that says what this one would have said."))
    words: str = Field(description=N_("Why it is as it is."))
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, notice: Notice, attempts: tuple[Attempt, ...]) -> NoticeOut:
        """The notice as the API tells it."""
        waits = notice.state in (State.QUEUED, State.FAILED)
        return cls(
            id=notice.id,
            incident=notice.incident_id,
            channel=notice.channel,
            stages=list(notice.stages),
            state=notice.state,
            created_at=notice.created_at,
            next_try_at=notice.next_try_at if waits else None,
            sent_at=notice.sent_at,
            told_by=notice.joined_to,
            words=notice.words,
            attempts=[AttemptOut.of(attempt) for attempt in attempts],
        )


class NoticeList(ApiModel):
    """The newest notices that fit, and the channels that the settings name."""

    items: list[NoticeOut]
    next: int | None = Field(description=N_("Ask again with this as before for older ones; null at the end."))
    channels: list[str]


class NoticesQuery(ApiModel):
    """What to look for; members left out look for nothing."""

    state: Literal["queued", "sent", "failed", "given-up", "suppressed"] | None = None
    channel: str = Field("", max_length=40)
    incident: int | None = Field(None, ge=1, le=2**63 - 1)
    before: int | None = Field(None, ge=1, le=2**63 - 1)
    limit: int = Field(50, ge=1, le=200)


def notices() -> Notices:
    """The desk's notices."""
    own = desk()
    return open_notices(own.surroundings, own.database, clock=own.clock)


def channel_names() -> list[str]:
    """The channels that the settings name."""
    return [channel.name for channel in desk().surroundings.settings.notify.channels]


@blueprint.get("")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("List notices, newest first"), query=NoticesQuery, answers=NoticeList)
def listed(query: NoticesQuery) -> NoticeList:
    """One page of notices."""
    page = notices().page(
        Wanted(State(query.state) if query.state else None, query.channel, query.incident, query.before, query.limit)
    )
    return NoticeList(
        items=[NoticeOut.of(each, page.attempts.get(each.id, ())) for each in page.notices],
        next=page.next,
        channels=channel_names(),
    )


@blueprint.get("/<int:id>")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Read one notice"), answers=NoticeOut, problems=(404,))
def one(id: int) -> NoticeOut:
    """The notice with that number."""
    return NoticeOut.of(*notices().get(id))


@blueprint.post("/<int:id>/retry")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Try again at once"), answers=NoticeOut, problems=(404, 409))
def retry(id: int) -> NoticeOut:
    """Send what was given up, or waits, within seconds."""
    room = notices()
    room.try_again(id, actor())
    return NoticeOut.of(*room.get(id))
