"""Alertmanager's API, version 2: its list of alerts and its age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sereno.core.clock import parse_rfc3339
from sereno.core.errors import Unavailable
from sereno.outside.http import JsonClient


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """One entry of `/api/v2/alerts`; `state` is `active`, `suppressed` or `unprocessed`."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str
    starts_at: datetime
    updated_at: datetime
    state: str


class AlertmanagerClient:
    """Asks one Alertmanager. Raises Unavailable whenever it does not answer as its API says."""

    def __init__(self, base_url: str) -> None:
        self._http = JsonClient("alertmanager", base_url)

    def alerts(self) -> Sequence[ListedAlert]:
        """Every alert that fires now by Alertmanager's account, silenced and inhibited ones included."""
        answer = self._http.get("/api/v2/alerts")
        try:
            return [_listed(each) for each in answer]
        except (KeyError, TypeError, ValueError) as error:
            raise _strange(error) from error

    def started_at(self) -> datetime:
        """Since when it runs (its status calls this moment "uptime")."""
        answer = self._http.get("/api/v2/status")
        try:
            return parse_rfc3339(answer["uptime"])
        except (KeyError, TypeError, ValueError) as error:
            raise _strange(error) from error


def _listed(each: Mapping[str, Any]) -> ListedAlert:
    return ListedAlert(
        fingerprint=each["fingerprint"],
        labels=each["labels"],
        annotations=each.get("annotations") or {},
        generator_url=each.get("generatorURL") or "",
        starts_at=parse_rfc3339(each["startsAt"]),
        updated_at=parse_rfc3339(each["updatedAt"]),
        state=each["status"]["state"],
    )


def _strange(error: Exception) -> Unavailable:
    return Unavailable(
        f"alertmanager answered in an unknown form: {error.__class__.__name__}: {error}",
        next_step="compare its version with the ones Sereno supports (0.25 and newer)",
    )
