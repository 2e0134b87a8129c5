"""The public state by program, described: `/api/v1/status`, and each component's days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from sereno.core.errors import NotFound
from sereno.guard.model import Role
from sereno.respond.maintenance.model import Phase
from sereno.respond.status.model import Overall
from sereno.watch.model import State
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.front import past, view_now
from sereno.web.i18n import N_
from sereno.web.public_pages import shown_reading
from sereno.web.status import SENTENCES
from sereno.web.status_json import public_members

blueprint = Blueprint("status_api", __name__, url_prefix=f"{PREFIX}/status")

TAG = N_("Status page")

_SHARE = N_("Time up of the time measured, 0 to 1; null when nothing was measured.")


class Words(ApiModel):
    """The same in both languages."""

    en: str
    es: str


class UptimeOut(ApiModel):
    """Shares of time; not measured and announced maintenance count for neither side."""

    days_90: float | None = Field(description=_SHARE)
    year: float | None = Field(description=_SHARE)


class ComponentOut(ApiModel):
    """A component, service or probe, as strangers see it."""

    name: str
    kind: Literal["component", "service", "probe"]
    title: Words
    group: str | None
    state: State
    since: datetime | None
    since_is_earliest_known: bool
    uptime: UptimeOut


class MeasurementOut(ApiModel):
    """One thing measured of a machine, in percent."""

    kind: Literal["cpu", "memory", "disk"]
    number: int
    percent: float | None
    threshold: float
    trouble: Literal["above", "below"]
    beyond: bool | None


class MachineOut(ApiModel):
    """A further machine."""

    name: str
    measurements: list[MeasurementOut]


class PublicAlertOut(ApiModel):
    """An alert that fires, in words that give away nothing inside."""

    name: str
    severity: str
    since: datetime
    sentence: Words


class UpdateOut(ApiModel):
    """A published update of an incident."""

    at: datetime
    text: str = Field(description=N_("Markdown."))


class PublicIncidentOut(ApiModel):
    """A published incident that goes on or was resolved in the last 14 days."""

    id: int
    title: Words
    severity: str
    opened_at: datetime
    resolved_at: datetime | None
    components: list[str]
    updates: list[UpdateOut]


class PublicMaintenanceOut(ApiModel):
    """Maintenance that is to come, runs, or was over in the last 14 days."""

    id: int
    title: Words
    text: Words
    phase: Phase
    begins_at: datetime
    ends_at: datetime
    components: list[str]


class StatusOut(ApiModel):
    """What `/status.json` tells to everyone."""

    status: Overall
    sentence: Words
    taken_at: datetime
    last_scrape: datetime | None
    components: list[ComponentOut]
    measurements: list[MeasurementOut]
    machines: list[MachineOut]
    alerts: list[PublicAlertOut]
    incidents: list[PublicIncidentOut]
    maintenance: list[PublicMaintenanceOut]


class DayOut(ApiModel):
    """Seconds of one day of UTC."""

    day: date
    up: int
    down: int
    unmeasured: int
    maintenance: int


class DaysOut(ApiModel):
    """Every day of which something is known, the oldest first."""

    name: str
    days: list[DayOut]


@blueprint.get("")
@require(Role.VIEWER)
@operation(TAG, N_("Show the public state"), answers=StatusOut)
def show() -> StatusOut:
    """The same as `/status.json`."""
    view = view_now()
    return StatusOut.model_validate(public_members(view, SENTENCES[view.overall]))


@blueprint.get("/<name>")
@require(Role.VIEWER)
@operation(TAG, N_("Show the days of one component"), answers=DaysOut, problems=(404,))
def days(name: str) -> DaysOut:
    """As they were summed up; those kept off the page too."""
    if shown_reading(view_now(), name, hidden=True) is None:
        raise NotFound(f"there is no component {name!r}", next_step=f"see {PREFIX}/status")
    found = past().days_of(name)
    return DaysOut(
        name=name,
        days=[
            DayOut(day=day, up=one.up, down=one.down, unmeasured=one.unmeasured, maintenance=one.maintenance)
            for day, one in found.items()
        ],
    )
