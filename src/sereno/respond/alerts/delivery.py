"""Reads what Alertmanager posts to a webhook (payload version 4) into reports, or says exactly what is wrong with it.

Source: Alertmanager's documentation, "Webhook receiver configuration", and its `template.Data`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sereno.core.clock import parse_rfc3339
from sereno.core.errors import UsageError
from sereno.respond.alerts.model import Details, Told, ended, firing

MAX_BODY_BYTES = 1024 * 1024
"""Alertmanager is told to send at most 200 alerts at once; a body larger than this is not one of those."""

_EXPLAINED = 5
_OLDEST_YEAR = 1971
_LATEST_YEAR = 9998


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is no RFC 3339 time")
    return parse_rfc3339(value)


def _start(value: object) -> datetime:
    moment = _moment(value)
    if not _OLDEST_YEAR <= moment.year <= _LATEST_YEAR:
        raise ValueError(f"lies outside the years {_OLDEST_YEAR} to {_LATEST_YEAR}")
    return moment


def _end(value: object) -> datetime | None:
    """The end, or None for Go's zero time (year 1), which Alertmanager writes for an alert that has not ended."""
    moment = _moment(value)
    return moment if _OLDEST_YEAR <= moment.year <= _LATEST_YEAR else None


class PayloadAlert(BaseModel):
    """One alert of a delivery."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: Annotated[datetime, BeforeValidator(_start), Field(alias="startsAt")]
    ends_at: Annotated[datetime | None, BeforeValidator(_end), Field(alias="endsAt")] = None
    generator_url: str = Field("", alias="generatorURL")
    fingerprint: str = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")

    def told(self, received_at: datetime, group_key: str, *, foreign: bool) -> Told:
        """The report that this is. An end without a time is dated with the delivery, the latest it can have been."""
        report = (
            firing(self.fingerprint, self.starts_at)
            if self.status == "firing"
            else ended(self.fingerprint, self.starts_at, self.ends_at or received_at)
        )
        return Told(report, Details(self.labels, self.annotations, self.generator_url), group_key, foreign)


class Payload(BaseModel):
    """What is looked at of the webhook's body; whatever else it holds is left alone."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    group_key: str = Field("", alias="groupKey")
    truncated_alerts: int = Field(0, ge=0, alias="truncatedAlerts")
    alerts: list[PayloadAlert]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST of Alertmanager's: what it told, and how many alerts it left out because the group was too large."""

    told: tuple[Told, ...]
    truncated: int
    received_at: datetime


class MalformedDelivery(UsageError):
    """The body is not what Alertmanager sends; the message names each place and what is wrong there."""


def read_delivery(body: bytes, received_at: datetime, *, foreign: bool = False) -> Delivery:
    """The delivery in `body`; `foreign` when another than our own Alertmanager sent it.

    Raises MalformedDelivery; then nothing of it may be stored.
    """
    try:
        payload = Payload.model_validate_json(body)
    except ValidationError as error:
        raise MalformedDelivery(
            _explain(error), next_step="send Alertmanager's webhook payload, version 4, as JSON"
        ) from error
    told = tuple(
        replace(
            alert.told(received_at, _own_key(payload.group_key), foreign=foreign), left_out=payload.truncated_alerts
        )
        for alert in payload.alerts
    )
    return Delivery(told, payload.truncated_alerts, received_at)


def _explain(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False)
    lines = [_line(".".join(map(str, detail["loc"])), detail["msg"]) for detail in details[:_EXPLAINED]]
    if len(details) > _EXPLAINED:
        lines.append(f"and {len(details) - _EXPLAINED} more")
    return "; ".join(lines)


def _line(place: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{place or 'the body'}: {message[0].lower()}{message[1:]}"


_BESIDE_OTHERS = "{}/{}:"
"""How keys begin while `alertmanager.yml` has further routes before the desk's (see its template)."""


def _own_key(key: str) -> str:
    """The group's key as it is without further routes, so that a change of `[notify]` splits no incident."""
    return "{}:" + key.removeprefix(_BESIDE_OTHERS) if key.startswith(_BESIDE_OTHERS) else key
