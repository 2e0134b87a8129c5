"""Alerts by program: what Alertmanager delivers, and what anyone with an account may read."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Literal

from flask import Blueprint, request
from pydantic import Field

from sereno.core.errors import Unavailable
from sereno.guard import tokens
from sereno.guard.model import Role
from sereno.respond.alerts.delivery import MAX_BODY_BYTES, Payload, read_delivery
from sereno.respond.alerts.model import Alert
from sereno.respond.alerts.store import Wanted
from sereno.web.alerts import alerts, cursor, generator_link, read_cursor
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import bearer, bearer_text, require
from sereno.web.desk import desk
from sereno.web.here import now
from sereno.web.i18n import N_
from sereno.web.metrics import ALERTS_RECEIVED
from sereno.wiring import open_alertmanager

blueprint = Blueprint("alerts_api", __name__, url_prefix=PREFIX)

TAG = N_("Alerts")

_log = logging.getLogger(__name__)


class DeliveryOut(ApiModel):
    """What became of a delivery. It is answered only after all of it is stored for good."""

    received: int
    opened: int
    ended: int
    truncated: int = Field(description=N_("Alerts that Alertmanager left out; they are fetched from its own list."))


class AlertOut(ApiModel):
    """One alert from its first start to its end."""

    id: int
    fingerprint: str
    name: str
    severity: str
    state: Literal["firing", "resolved"]
    suppressed: bool = Field(description=N_("Whether Alertmanager has it silenced or inhibited."))
    began_at: datetime
    ended_at: datetime | None
    ended_by: Literal["told", "absence"] | None = Field(
        description=N_("Whether its end was told, or it had silently gone from Alertmanager and Prometheus.")
    )
    labels: dict[str, str]
    annotations: dict[str, str]
    measured_at: str | None = Field(description=N_("Where its expression is shown."))
    incident_id: int | None = Field(description=N_("The incident that it belongs to."))

    @classmethod
    def of(cls, alert: Alert) -> AlertOut:
        """The alert as the API tells it."""
        return cls(
            id=alert.id,
            fingerprint=alert.fingerprint,
            name=alert.details.name,
            severity=alert.details.severity,
            state="firing" if alert.is_firing else "resolved",
            suppressed=alert.suppressed,
            began_at=alert.began_at,
            ended_at=alert.ended_at,
            ended_by="absence" if alert.ended_by == "absence" else "told" if alert.ended_by else None,
            labels=dict(alert.details.labels),
            annotations=dict(alert.details.annotations),
            measured_at=generator_link(alert),
            incident_id=alert.incident_id,
        )


class AlertsQuery(ApiModel):
    """What to look for; members left out look for nothing."""

    state: Literal["firing", "resolved", "all"] = "all"
    name: str = Field("", max_length=255)
    severity: str = Field("", max_length=64)
    instance: str = Field("", max_length=255)
    heartbeats: bool = Field(False, description=N_("Whether to list the Watchdog too, which fires always."))
    before: str | None = Field(None, description=N_("Only older alerts than this place."))
    limit: int = Field(100, ge=1, le=500)


class AlertList(ApiModel):
    """The newest alerts that fit."""

    alerts: list[AlertOut]
    next_before: str | None = Field(description=N_("Ask again with this as before for older ones; null at the end."))


@blueprint.post("/alertmanager")
@bearer("alertmanager-token", role=Role.OPERATOR, scope="alerts:write")
@operation(
    TAG,
    N_("Take Alertmanager's delivery (webhook, version 4)"),
    reads=Payload,
    answers=DeliveryOut,
    problems=(400, 413, 503),
)
def deliver() -> DeliveryOut:
    """Store the delivery, then answer; with 503 while there is no database, so that Alertmanager tries again."""
    request.max_content_length = MAX_BODY_BYTES
    delivery = read_delivery(request.get_data(cache=False), now(), foreign=_is_foreign())
    intake = alerts().receive(delivery)
    ALERTS_RECEIVED.inc(intake.alerts)
    if delivery.truncated:
        _log.warning("a delivery left out %d alerts", delivery.truncated)
    if intake.needs_a_look:
        _look()
    return DeliveryOut(received=intake.alerts, opened=intake.opened, ended=intake.ended, truncated=delivery.truncated)


@blueprint.get("/alerts")
@require(Role.VIEWER)
@operation(TAG, N_("List alerts, newest first"), query=AlertsQuery, answers=AlertList, problems=(400,))
def listed(query: AlertsQuery) -> AlertList:
    """One page of alerts."""
    wanted = Wanted(
        state=query.state,
        name=query.name,
        severity=query.severity,
        instance=query.instance,
        heartbeats=query.heartbeats,
        after=read_cursor(query.before),
        limit=query.limit,
    )
    page = alerts().page(wanted)
    return AlertList(
        alerts=[AlertOut.of(alert) for alert in page.alerts],
        next_before=cursor(page.next) if page.next is not None else None,
    )


@blueprint.get("/alerts/<int:id>")
@require(Role.VIEWER)
@operation(TAG, N_("Read one alert"), answers=AlertOut, problems=(404,))
def one(id: int) -> AlertOut:
    """The alert with that number."""
    return AlertOut.of(alerts().get(id))


def _is_foreign() -> bool:
    """Whether another than our own Alertmanager delivers: that one has its own secret and comes not through Nginx."""
    return "X-Forwarded-For" in request.headers or bearer_text().startswith(tokens.PREFIX)


def _look() -> None:
    """Fetch what the delivery could not tell from Alertmanager's own list; the worker looks again each minute."""
    own = desk()
    alertmanager = own.neighbours.get("alertmanager") or open_alertmanager(own.surroundings)
    own.neighbours["alertmanager"] = alertmanager
    try:
        found = alerts().look(alertmanager)
    except Unavailable as error:
        _log.warning("alertmanager's own list could not be read after a delivery: %s", error.message)
    else:
        _log.info("alertmanager's own list was read after a delivery", extra={"taken_over": found})
