"""Alertmanager's API, version 2: its list of alerts, its age, its silences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sereno.core.clock import parse_rfc3339, rfc3339
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


Condition = tuple[str, str, bool, bool]
"""A matcher of a silence: label, value, whether that is a regular expression, whether it is to match or not to."""


@dataclass(frozen=True, slots=True)
class ListedSilence:
    """One entry of `/api/v2/silences`; `state` is `pending`, `active` or `expired`."""

    id: str
    conditions: frozenset[Condition]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
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

    def silences(self) -> Sequence[ListedSilence]:
        """Every silence that it remembers, those that are over for some days."""
        answer = self._http.get("/api/v2/silences")
        try:
            return [_silence(each) for each in answer]
        except (KeyError, TypeError, ValueError) as error:
            raise _strange(error) from error

    def silence(
        self, conditions: Collection[Condition], starts_at: datetime, ends_at: datetime, *, author: str, comment: str
    ) -> None:
        """Make a silence; a begin in the past means now."""
        self._http.send(
            "POST",
            "/api/v2/silences",
            {
                "matchers": [
                    {"name": name, "value": value, "isRegex": is_regex, "isEqual": is_equal}
                    for name, value, is_regex, is_equal in sorted(conditions)
                ],
                "startsAt": rfc3339(starts_at),
                "endsAt": rfc3339(ends_at),
                "createdBy": author,
                "comment": comment,
            },
        )

    def expire_silence(self, id: str) -> None:
        """End a silence now."""
        self._http.send("DELETE", f"/api/v2/silence/{id}")


def _silence(each: Mapping[str, Any]) -> ListedSilence:
    return ListedSilence(
        id=each["id"],
        conditions=frozenset(
            (one["name"], one["value"], one["isRegex"], one.get("isEqual", True)) for one in each["matchers"]
        ),
        starts_at=parse_rfc3339(each["startsAt"]),
        ends_at=parse_rfc3339(each["endsAt"]),
        author=each["createdBy"],
        comment=each["comment"],
        state=each["status"]["state"],
    )


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
