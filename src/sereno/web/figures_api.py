"""Figures by program: `/api/v1/figures`. Durations are seconds; null is "there is none", never zero."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint
from pydantic import Field

from sereno.guard.model import Role
from sereno.respond.incidents.figures import Figures, Part, RuleCount, Spread, Week
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.figures import figures_of
from sereno.web.here import now
from sereno.web.i18n import N_

blueprint = Blueprint("figures_api", __name__)

TAG = N_("Incidents")


class SpreadOut(ApiModel):
    """Durations summed up, in seconds."""

    mean: float | None
    median: float | None
    p90: float | None = Field(description=N_("The 90th percentile, by nearest rank."))
    count: int
    missing: int = Field(description=N_("Incidents that have no such time; they count in no mean."))

    @classmethod
    def of(cls, spread: Spread) -> SpreadOut:
        """The durations as the API tells them."""
        seconds = {
            name: None if (value := getattr(spread, name)) is None else value.total_seconds()
            for name in ("mean", "median", "p90")
        }
        return cls(**seconds, count=spread.count, missing=spread.missing)


class WeekOut(ApiModel):
    """One week, from Monday (UTC)."""

    begins: date
    incidents: int | None = Field(description=N_("How many began in it; null: nothing was watched yet."))
    by_gravity: dict[str, int] | None
    time_to_acknowledge: SpreadOut
    time_to_resolve: SpreadOut

    @classmethod
    def of(cls, week: Week) -> WeekOut:
        """The week as the API tells it."""
        return cls(
            begins=week.begins,
            incidents=week.count,
            by_gravity=None if week.by_gravity is None else dict(week.by_gravity),
            time_to_acknowledge=SpreadOut.of(week.acknowledge),
            time_to_resolve=SpreadOut.of(week.resolve),
        )


class PartOut(ApiModel):
    """The incidents of one component or severity."""

    name: str
    incidents: int
    time_to_acknowledge: SpreadOut
    time_to_resolve: SpreadOut

    @classmethod
    def of(cls, part: Part) -> PartOut:
        """The part as the API tells it."""
        return cls(
            name=part.name,
            incidents=part.count,
            time_to_acknowledge=SpreadOut.of(part.acknowledge),
            time_to_resolve=SpreadOut.of(part.resolve),
        )


class RuleOut(ApiModel):
    """How the alerts of one rule fared."""

    rule: str
    fired: int
    acknowledged: int
    resolved_by_itself: int = Field(description=N_("Their incident came and went without anybody's doing."))
    flapped: int

    @classmethod
    def of(cls, rule: RuleCount) -> RuleOut:
        """The rule as the API tells it."""
        return cls(
            rule=rule.rule,
            fired=rule.fired,
            acknowledged=rule.acknowledged,
            resolved_by_itself=rule.by_itself,
            flapped=rule.flapped,
        )


class FiguresOut(ApiModel):
    """How well trouble is handled."""

    since: datetime
    until: datetime
    incidents: int
    resolved: int
    flapping: int
    unattended: float | None = Field(
        description=N_("Share of the resolved ones that came and went without anybody's doing; null: none resolved.")
    )
    time_to_detect: SpreadOut
    time_to_acknowledge: SpreadOut = Field(description=N_("Its mean is MTTA."))
    time_to_resolve: SpreadOut = Field(description=N_("Its mean is MTTR."))
    weeks: list[WeekOut]
    components: list[PartOut]
    severities: list[PartOut]
    rules: list[RuleOut]

    @classmethod
    def of(cls, found: Figures) -> FiguresOut:
        """The figures as the API tells them."""
        return cls(
            since=found.since,
            until=found.until,
            incidents=found.count,
            resolved=found.resolved,
            flapping=found.flapping,
            unattended=found.unattended,
            time_to_detect=SpreadOut.of(found.detect),
            time_to_acknowledge=SpreadOut.of(found.acknowledge),
            time_to_resolve=SpreadOut.of(found.resolve),
            weeks=[WeekOut.of(each) for each in found.weeks],
            components=[PartOut.of(each) for each in found.components],
            severities=[PartOut.of(each) for each in found.severities],
            rules=[RuleOut.of(each) for each in found.rules],
        )


class FiguresQuery(ApiModel):
    """Of which time."""

    days: int = Field(90, ge=1, le=366, description=N_("The figures are about incidents that began in so many days."))


@blueprint.get(f"{PREFIX}/figures")
@require(Role.VIEWER)
@operation(TAG, N_("Read figures of incidents"), query=FiguresQuery, answers=FiguresOut)
def read(query: FiguresQuery) -> FiguresOut:
    """The figures up to now."""
    return FiguresOut.of(figures_of(query.days, now()))
