"""Scheduled maintenance by program: `/api/v1/maintenance`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Blueprint
from pydantic import AwareDatetime, Field

from sereno.core.text import Text
from sereno.guard.model import Role
from sereno.respond.maintenance.model import (
    MOST_COMPONENTS,
    TEXT_LENGTH,
    TITLE_LENGTH,
    Maintenance,
    Phase,
    Wanted,
)
from sereno.web.api import PREFIX, Answer, ApiModel, operation
from sereno.web.auth import require
from sereno.web.here import actor, now
from sereno.web.i18n import N_
from sereno.web.maintenance import calendar

blueprint = Blueprint("maintenance_api", __name__, url_prefix=f"{PREFIX}/maintenance")

TAG = N_("Maintenance")

Component = Annotated[str, Field(min_length=1, max_length=64)]
_COMPONENTS = N_("Names of components, services, probes or hosts; * for everything.")
_TEXT = N_("Markdown, for everyone to read.")


class MaintenanceOut(ApiModel):
    """A scheduled maintenance. `ends_at` is when it ended where somebody ended it early."""

    id: int
    title: str
    title_es: str
    text: str
    text_es: str
    phase: Phase
    begins_at: datetime
    ends_at: datetime
    components: list[str]
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, one: Maintenance, moment: datetime) -> MaintenanceOut:
        """As the API tells it."""
        return cls(
            id=one.id,
            title=one.title.en,
            title_es=one.title.es,
            text=one.text.en,
            text_es=one.text.es,
            phase=one.phase(moment),
            begins_at=one.begins_at,
            ends_at=one.over_at,
            components=list(one.components),
            created_at=one.created_at,
            created_by=one.created_by,
        )


class MaintenanceList(ApiModel):
    """The last planned first; `next` is the `before` with which older ones begin, null at the end."""

    items: list[MaintenanceOut]
    next: int | None


class MaintenanceQuery(ApiModel):
    """Which ones to list."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description=N_("Only those with smaller numbers."))
    limit: int = Field(50, ge=1, le=200)


class NewMaintenance(ApiModel):
    """What is planned. One language is enough for title and text."""

    title: str = Field("", max_length=TITLE_LENGTH)
    title_es: str = Field("", max_length=TITLE_LENGTH)
    text: str = Field("", max_length=TEXT_LENGTH, description=_TEXT)
    text_es: str = Field("", max_length=TEXT_LENGTH, description=_TEXT)
    begins_at: AwareDatetime | None = Field(None, description=N_("Left out: now."))
    ends_at: AwareDatetime
    components: list[Component] = Field(min_length=1, max_length=MOST_COMPONENTS, description=_COMPONENTS)


class MaintenancePatch(ApiModel):
    """What to change; members left out stay as they are."""

    title: str | None = Field(None, max_length=TITLE_LENGTH)
    title_es: str | None = Field(None, max_length=TITLE_LENGTH)
    text: str | None = Field(None, max_length=TEXT_LENGTH)
    text_es: str | None = Field(None, max_length=TEXT_LENGTH)
    begins_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    components: list[Component] | None = Field(None, min_length=1, max_length=MOST_COMPONENTS, description=_COMPONENTS)


@blueprint.get("")
@require(Role.VIEWER)
@operation(TAG, N_("List scheduled maintenance"), query=MaintenanceQuery, answers=MaintenanceList)
def show_all(query: MaintenanceQuery) -> MaintenanceList:
    """All of it, page by page."""
    page, moment = calendar().page(before_id=query.before, limit=query.limit), now()
    return MaintenanceList(items=[MaintenanceOut.of(one, moment) for one in page.items], next=page.next)


@blueprint.post("")
@require(Role.OPERATOR, scope="status:write")
@operation(TAG, N_("Plan a maintenance"), body=NewMaintenance, answers=MaintenanceOut, status=201)
def add(body: NewMaintenance) -> Answer:
    """It stands on the status page at once, and is silent from its begin on."""
    wanted = Wanted(
        Text(body.title.strip(), body.title_es.strip()),
        Text(body.text.strip(), body.text_es.strip()),
        body.begins_at or now(),
        body.ends_at,
        tuple(body.components),
    )
    added = calendar().add(wanted, actor=actor())
    return Answer(MaintenanceOut.of(added, now()), {"Location": f"{PREFIX}/maintenance/{added.id}"})


@blueprint.get("/<int:id>")
@require(Role.VIEWER)
@operation(TAG, N_("Show one maintenance"), answers=MaintenanceOut, problems=(404,))
def show(id: int) -> MaintenanceOut:
    """One of them."""
    return MaintenanceOut.of(calendar().get(id), now())


@blueprint.patch("/<int:id>")
@require(Role.OPERATOR, scope="status:write")
@operation(TAG, N_("Change a maintenance"), body=MaintenancePatch, answers=MaintenanceOut, problems=(404, 409))
def change(id: int, body: MaintenancePatch) -> MaintenanceOut:
    """Change what the body names; of one that runs the begin stays."""
    own = calendar()
    before = own.get(id)
    wanted = Wanted(
        _text(before.title, body.title, body.title_es),
        _text(before.text, body.text, body.text_es),
        body.begins_at or before.begins_at,
        body.ends_at or before.ends_at,
        before.components if body.components is None else tuple(body.components),
    )
    return MaintenanceOut.of(own.change(id, wanted, actor=actor()), now())


@blueprint.post("/<int:id>/end")
@require(Role.OPERATOR, scope="status:write")
@operation(TAG, N_("End a maintenance now"), answers=MaintenanceOut, problems=(404, 409))
def end(id: int) -> MaintenanceOut:
    """Of one that runs."""
    return MaintenanceOut.of(calendar().end(id, actor=actor()), now())


@blueprint.post("/<int:id>/cancel")
@require(Role.OPERATOR, scope="status:write")
@operation(TAG, N_("Cancel a maintenance"), answers=MaintenanceOut, problems=(404, 409))
def cancel(id: int) -> MaintenanceOut:
    """Of one that has not begun."""
    return MaintenanceOut.of(calendar().cancel(id, actor=actor()), now())


def _text(before: Text, english: str | None, spanish: str | None) -> Text:
    return Text(before.en if english is None else english.strip(), before.es if spanish is None else spanish.strip())
