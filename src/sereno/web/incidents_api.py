"""Incidents by program: `/api/v1/incidents`. Everyone with an account reads; operators own, change and publish."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import AwareDatetime, Field

from sereno.core.text import Text
from sereno.guard.model import Role
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.model import (
    COMPONENT_LENGTH,
    SEVERITY_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
    Event,
    Incident,
    Kind,
    State,
)
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted
from sereno.web.alerts import cursor, read_cursor
from sereno.web.alerts_api import AlertOut
from sereno.web.api import PREFIX, Answer, ApiModel, operation
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import actor
from sereno.web.i18n import N_

blueprint = Blueprint("incidents_api", __name__, url_prefix=f"{PREFIX}/incidents")

TAG = N_("Incidents")

_ALERTS_SHOWN = 200
_EVENTS_SHOWN = 500


def incidents() -> Incidents:
    """The desk's incidents."""
    own = desk()
    return Incidents(own.database, clock=own.clock, rules=Rules.of(own.surroundings.settings))


class IncidentOut(ApiModel):
    """An incident as lists have it."""

    id: int
    title: str
    title_es: str
    state: State
    severity: str
    public: bool = Field(description=N_("Whether the public status page shows it."))
    opened_at: datetime = Field(description=N_("The earliest start of its alerts."))
    detected_at: datetime = Field(description=N_("When the desk was first told."))
    acknowledged_at: datetime | None = Field(description=N_("When somebody first took it."))
    acknowledged_by: str | None
    resolved_at: datetime | None = Field(description=N_("The latest end of its alerts, or when a person resolved it."))
    resolved_by: str | None = Field(description=N_("Who resolved it; null when it resolved by itself."))
    owner: str | None
    components: list[str]
    alerts: int = Field(description=N_("How many alerts it has."))
    flapping: bool = Field(description=N_("Whether the same trouble came back after it seemed over."))
    opened_by: str
    merged_into: int | None = Field(description=N_("The incident that it turned out to be part of."))

    @classmethod
    def of(cls, incident: Incident) -> IncidentOut:
        """The incident as the API tells it."""
        return cls(**_members(incident))


class EventOut(ApiModel):
    """One entry of a timeline."""

    id: int
    at: datetime
    kind: Kind
    actor: str
    text: str = Field(description=N_("Markdown; may be empty."))
    details: dict[str, Any]
    public: bool = Field(description=N_("Whether strangers may read it."))

    @classmethod
    def of(cls, event: Event) -> EventOut:
        """The entry as the API tells it."""
        return cls(
            id=event.id,
            at=event.at,
            kind=event.kind,
            actor=event.actor,
            text=event.text,
            details=dict(event.details),
            public=event.public,
        )


class IncidentWhole(IncidentOut):
    """An incident with its newest alerts and the first entries of its timeline."""

    group_key: str | None
    alert_list: list[AlertOut] = Field(description=N_("The newest 200 of its alerts."))
    timeline: list[EventOut] = Field(description=N_("The first 500 entries; more at /timeline."))


class IncidentList(ApiModel):
    """The newest incidents that fit."""

    items: list[IncidentOut]
    next: str | None = Field(description=N_("Ask again with this as after for older ones; null at the end."))


class IncidentsQuery(ApiModel):
    """What to look for; members left out look for nothing."""

    state: Literal["open", "acknowledged", "resolved", "unresolved"] | None = None
    severity: str = Field("", max_length=SEVERITY_LENGTH)
    component: str = Field("", max_length=COMPONENT_LENGTH)
    owner: str = Field("", max_length=64)
    flapping: bool | None = None
    public: bool | None = None
    since: AwareDatetime | None = Field(None, description=N_("Opened at or after this moment."))
    until: AwareDatetime | None = Field(None, description=N_("Opened before this moment."))
    after: str | None = Field(None, max_length=64, description=N_("The member next of the page before."))
    limit: int = Field(50, ge=1, le=500)


class TimelineQuery(ApiModel):
    """Which part of the timeline."""

    after: int = Field(0, ge=0, le=2**63 - 1, description=N_("Only entries with larger numbers."))
    limit: int = Field(200, ge=1, le=500)


class Timeline(ApiModel):
    """A part of a timeline, oldest first."""

    items: list[EventOut]
    next: int | None = Field(description=N_("Ask again with this as after for later ones; null at the end."))


class NewIncident(ApiModel):
    """An incident opened by hand."""

    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    title_es: str = Field("", max_length=TITLE_LENGTH)
    severity: str = Field("warning", min_length=1, max_length=SEVERITY_LENGTH)
    components: list[str] = Field([], max_length=50)
    text: str = Field("", max_length=TEXT_LENGTH, description=N_("What is known; Markdown."))
    opened_at: AwareDatetime | None = Field(None, description=N_("Since when; left out: now."))


class Assignment(ApiModel):
    """Whose it is from now on."""

    owner: str | None = Field(max_length=64, description=N_("A user's name; null: nobody's."))


class Words(ApiModel):
    """What somebody says."""

    text: str = Field(min_length=1, max_length=TEXT_LENGTH, description=N_("Markdown."))


class MaybeWords(ApiModel):
    """What somebody says, if anything."""

    text: str = Field("", max_length=TEXT_LENGTH, description=N_("Markdown; may be empty."))


@blueprint.get("")
@require(Role.VIEWER, scope="incidents:read")
@operation(TAG, N_("List incidents, newest first"), query=IncidentsQuery, answers=IncidentList, problems=(400,))
def listed(query: IncidentsQuery) -> IncidentList:
    """One page of incidents."""
    page = incidents().page(
        Wanted(
            state=State(query.state) if query.state and query.state != "unresolved" else None,
            unresolved=query.state == "unresolved",
            severity=query.severity,
            component=query.component,
            owner=query.owner,
            flapping=query.flapping,
            public=query.public,
            since=query.since,
            until=query.until,
            after=read_cursor(query.after),
            limit=query.limit,
        )
    )
    return IncidentList(
        items=[IncidentOut.of(each) for each in page.incidents],
        next=cursor(page.next) if page.next is not None else None,
    )


@blueprint.post("")
@require(Role.OPERATOR, scope="incidents:write")
@operation(TAG, N_("Open an incident by hand"), body=NewIncident, answers=IncidentWhole, status=201, problems=(400,))
def opened(body: NewIncident) -> Answer:
    """Open one; it stays open until a person resolves it."""
    incident = incidents().open(
        Text(body.title, body.title_es),
        body.severity,
        body.components,
        actor=actor(),
        text=body.text,
        opened_at=body.opened_at,
    )
    return Answer(_whole(incident), {"Location": f"{PREFIX}/incidents/{incident.id}"})


@blueprint.get("/<int:id>")
@require(Role.VIEWER, scope="incidents:read")
@operation(TAG, N_("Read one incident with its alerts and timeline"), answers=IncidentWhole, problems=(404,))
def one(id: int) -> IncidentWhole:
    """The incident with that number."""
    return _whole(incidents().get(id))


@blueprint.get("/<int:id>/timeline")
@require(Role.VIEWER, scope="incidents:read")
@operation(TAG, N_("Read an incident's timeline"), query=TimelineQuery, answers=Timeline, problems=(404,))
def timeline(id: int, query: TimelineQuery) -> Timeline:
    """A part of its timeline."""
    room = incidents()
    room.get(id)
    events = room.timeline(id, after=query.after, limit=query.limit + 1)
    shown = events[: query.limit]
    return Timeline(
        items=[EventOut.of(each) for each in shown], next=shown[-1].id if len(events) > query.limit else None
    )


@blueprint.post("/<int:id>/acknowledge")
@require(Role.OPERATOR, scope="incidents:write")
@operation(TAG, N_("Acknowledge an incident"), answers=IncidentOut, problems=(404, 409))
def acknowledged(id: int) -> IncidentOut:
    """Take it: whoever is first has it, everyone else is told who."""
    return IncidentOut.of(incidents().acknowledge(id, actor()))


@blueprint.post("/<int:id>/assign")
@require(Role.OPERATOR, scope="incidents:write")
@operation(TAG, N_("Give an incident to somebody"), body=Assignment, answers=IncidentOut, problems=(404,))
def assigned(id: int, body: Assignment) -> IncidentOut:
    """Change its owner."""
    return IncidentOut.of(incidents().assign(id, body.owner, actor()))


@blueprint.post("/<int:id>/resolve")
@require(Role.OPERATOR, scope="incidents:write")
@operation(TAG, N_("Resolve an incident"), body=MaybeWords, answers=IncidentOut, problems=(404, 409))
def resolved(id: int, body: MaybeWords) -> IncidentOut:
    """End it; what still fires reopens it only by a new alert."""
    return IncidentOut.of(incidents().resolve(id, actor(), body.text))


@blueprint.post("/<int:id>/reopen")
@require(Role.OPERATOR, scope="incidents:write")
@operation(TAG, N_("Reopen an incident"), body=MaybeWords, answers=IncidentOut, problems=(404, 409))
def reopened(id: int, body: MaybeWords) -> IncidentOut:
    """Open it again, until a person resolves it."""
    return IncidentOut.of(incidents().reopen(id, actor(), body.text))


@blueprint.post("/<int:id>/comment")
@require(Role.OPERATOR, scope="incidents:write")
@operation(TAG, N_("Comment on an incident"), body=Words, answers=EventOut, status=201, problems=(400, 404))
def commented(id: int, body: Words) -> EventOut:
    """Add a comment to its timeline."""
    return EventOut.of(incidents().comment(id, body.text, actor()))


@blueprint.post("/<int:id>/publish")
@require(Role.OPERATOR, scope="status:write")
@operation(TAG, N_("Publish an update"), body=Words, answers=EventOut, status=201, problems=(400, 404))
def published(id: int, body: Words) -> EventOut:
    """Show the incident on the status page, with this update."""
    return EventOut.of(incidents().publish(id, body.text, actor()))


def _members(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "title": incident.title.en,
        "title_es": incident.title.es,
        "state": incident.state,
        "severity": incident.severity,
        "public": incident.public,
        "opened_at": incident.opened_at,
        "detected_at": incident.detected_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": incident.resolved_at,
        "resolved_by": incident.resolved_by,
        "owner": incident.owner,
        "components": list(incident.components),
        "alerts": incident.alerts,
        "flapping": incident.flapping,
        "opened_by": incident.opened_by,
        "merged_into": incident.merged_into,
    }


def _whole(incident: Incident) -> IncidentWhole:
    room = incidents()
    return IncidentWhole(
        **_members(incident),
        group_key=incident.group_key,
        alert_list=[AlertOut.of(each) for each in room.alerts(incident.id, limit=_ALERTS_SHOWN)],
        timeline=[EventOut.of(each) for each in room.timeline(incident.id, limit=_EVENTS_SHOWN)],
    )
