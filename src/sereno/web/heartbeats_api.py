"""Heartbeats by program: signals from cron jobs and other Serenos, and what is expected of them."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, request
from pydantic import Field

from sereno.core.errors import Forbidden
from sereno.guard.model import Role
from sereno.respond.heartbeats.model import SEVERITY_LENGTH, Heartbeat, State, accepted, written
from sereno.respond.heartbeats.service import Heartbeats
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import actor, known_identity, now
from sereno.web.i18n import N_
from sereno.wiring.notices import open_heartbeats

blueprint = Blueprint("heartbeats_api", __name__, url_prefix=f"{PREFIX}/heartbeats")

TAG = N_("Heartbeats")
SCOPE = "heartbeats:write"
_EVERY = N_("How often a signal comes, such as 5m, 2h or 1d; empty: 1h.")
_GRACE = N_("How much later it may come; empty: 5m.")
_SEVERITY = N_("How grave its silence is; empty: critical.")


class HeartbeatOut(ApiModel):
    """A heartbeat, and how it stands."""

    name: str
    state: State
    every: str
    grace: str
    severity: str
    paused: bool
    last_at: datetime | None
    due_at: datetime
    missing_since: datetime | None
    incident: int | None = Field(description=N_("The number of the incident that its silence has opened."))
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, heartbeat: Heartbeat) -> HeartbeatOut:
        """The heartbeat as the API tells it."""
        return cls(
            name=heartbeat.name,
            state=heartbeat.state(now()),
            every=written(heartbeat.expectation.every),
            grace=written(heartbeat.expectation.grace),
            severity=heartbeat.expectation.severity,
            paused=heartbeat.paused,
            last_at=heartbeat.last_at,
            due_at=heartbeat.due_at(),
            missing_since=heartbeat.missing_since,
            incident=heartbeat.incident_id,
            created_at=heartbeat.created_at,
            created_by=heartbeat.created_by,
        )


class HeartbeatList(ApiModel):
    """All heartbeats, by name."""

    items: list[HeartbeatOut]


class Signal(ApiModel):
    """What a first signal declares; of a known heartbeat nothing is changed."""

    every: str = Field("", max_length=40, description=_EVERY)
    grace: str = Field("", max_length=40, description=_GRACE)
    severity: str = Field("", max_length=SEVERITY_LENGTH, description=_SEVERITY)


class Taken(ApiModel):
    """The signal has been stored."""

    name: str
    at: datetime


class Declaration(ApiModel):
    """What is expected from now on."""

    every: str = Field("", max_length=40, description=_EVERY)
    grace: str = Field("", max_length=40, description=_GRACE)
    severity: str = Field("", max_length=SEVERITY_LENGTH, description=_SEVERITY)


class Pausing(ApiModel):
    """Whether it is expected."""

    paused: bool


def heartbeats() -> Heartbeats:
    """The desk's heartbeats."""
    own = desk()
    return open_heartbeats(own.surroundings, own.database, clock=own.clock)


@blueprint.get("")
@require(Role.VIEWER)
@operation(TAG, N_("List all heartbeats"), answers=HeartbeatList)
def show_all() -> HeartbeatList:
    """All of them."""
    return HeartbeatList(items=[HeartbeatOut.of(each) for each in heartbeats().listed()])


@blueprint.post("/<name>")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Send a sign of life, with any body"), query=Signal, answers=Taken, problems=(400,))
def beat(name: str, query: Signal) -> Taken:
    """Take a signal."""
    return _taken(name, query)


@blueprint.get("/<name>")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Send a sign of life"), query=Signal, answers=Taken, problems=(400,))
def beat_by_get(name: str, query: Signal) -> Taken:
    """Take a signal from whoever can only GET; another site cannot make a reader's browser send one."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("the request comes from another site", next_step="send an API token")
    return _taken(name, query)


@blueprint.put("/<name>")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Declare a heartbeat, or change it"), body=Declaration, answers=HeartbeatOut, problems=(400,))
def declare(name: str, body: Declaration) -> HeartbeatOut:
    """Expect it from now on."""
    expectation = accepted(body.every, body.grace, body.severity)
    return HeartbeatOut.of(heartbeats().declare(name, expectation, actor=actor()))


@blueprint.patch("/<name>")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Pause a heartbeat, or expect it again"), body=Pausing, answers=HeartbeatOut, problems=(404,))
def pause(name: str, body: Pausing) -> HeartbeatOut:
    """Expect nothing for a while, or again from now on."""
    return HeartbeatOut.of(heartbeats().pause(name, paused=body.paused, actor=actor()))


@blueprint.delete("/<name>")
@require(Role.OPERATOR, scope=SCOPE)
@operation(TAG, N_("Remove a heartbeat"), status=204, problems=(404,))
def remove(name: str) -> None:
    """Forget it."""
    heartbeats().remove(name, actor=actor())


def _taken(name: str, query: Signal) -> Taken:
    expectation = accepted(query.every, query.grace, query.severity)
    heartbeats().beat(name, actor=known_identity().name, otherwise=expectation)
    return Taken(name=name, at=now())
