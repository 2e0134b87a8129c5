"""Alert rules by program: `/api/v1/rules`, with what became of their alerts."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint
from pydantic import Field

from sereno.guard.model import Role
from sereno.respond.incidents.figures import RuleCount
from sereno.respond.incidents.figures_store import rule_counts
from sereno.settings import Settings
from sereno.watch.rules import Alert, all_alerts
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import now, transact
from sereno.web.i18n import N_
from sereno.web.incidents_api import TAG

blueprint = Blueprint("rules_api", __name__, url_prefix=f"{PREFIX}/rules")


class RuleOut(ApiModel):
    """An alert rule, and what became of its alerts."""

    name: str
    severity: str | None = Field(description=N_("null for a rule that is not Sereno's own."))
    lasting: str | None = Field(description=N_("How long its condition holds before it fires."))
    expr: str | None
    summary: str | None
    summary_es: str | None
    runbook: str | None
    fired: int
    acknowledged: int = Field(description=N_("Alerts in an incident that somebody took."))
    by_itself: int = Field(description=N_("Alerts in an incident that came and went without anybody's doing."))
    flapped: int = Field(description=N_("Alerts in an incident that came back after it seemed over."))

    @classmethod
    def of(cls, name: str, rule: Alert | None, count: RuleCount | None) -> RuleOut:
        """The rule as the API tells it; without `rule` it is not our own, without `count` it has not fired."""
        return cls(
            name=name,
            severity=str(rule.severity) if rule else None,
            lasting=rule.lasting if rule else None,
            expr=rule.expr if rule else None,
            summary=rule.summary.en if rule else None,
            summary_es=rule.summary.es if rule else None,
            runbook=f"/runbooks/{name}" if rule else None,
            fired=count.fired if count else 0,
            acknowledged=count.acknowledged if count else 0,
            by_itself=count.by_itself if count else 0,
            flapped=count.flapped if count else 0,
        )


class RuleList(ApiModel):
    """Every rule of Sereno's in the order of their files, then others whose alerts were heard of."""

    items: list[RuleOut]


class RulesQuery(ApiModel):
    """Of which time."""

    days: int = Field(90, ge=1, le=366, description=N_("The figures are about alerts that began in so many days."))


@blueprint.get("")
@require(Role.VIEWER)
@operation(TAG, N_("List alert rules with what became of their alerts"), query=RulesQuery, answers=RuleList)
def listed(query: RulesQuery) -> RuleList:
    """All of them."""
    until = now()
    since = until - timedelta(days=query.days)
    counts = transact(lambda session: rule_counts(session, since, until))
    return RuleList(items=rules_with_counts(desk().surroundings.settings, counts))


def rules_with_counts(settings: Settings, counts: list[RuleCount]) -> list[RuleOut]:
    """Our rules, then other names by how often they fired."""
    own = {rule.name: rule for rule in all_alerts(settings)}
    by_name = {count.rule: count for count in counts}
    others = sorted((each for each in counts if each.rule not in own), key=lambda each: (-each.fired, each.rule))
    names = [*own, *(each.rule for each in others)]
    return [RuleOut.of(name, own.get(name), by_name.get(name)) for name in names]
