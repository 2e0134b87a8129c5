"""How long it took to notice, to take and to end an incident. Pure.

- time to detect = `detected_at` − (`opened_at` − the rule's `for`): from when the condition began to hold to when the
  desk was told. Only alerts have one: what was opened by hand was noticed by a person, at a time nobody wrote down.
- time to acknowledge = `acknowledged_at` − `opened_at`; the mean of it is MTTA.
- time to resolve = `resolved_at` − `opened_at`; the mean of it is MTTR.

A time that has not come is None, which no mean counts; it is never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sereno.core.units import parse_duration
from sereno.settings import Settings
from sereno.watch.rules import all_alerts


class Timed(Protocol):
    """What is needed of an incident."""

    @property
    def rule(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def detected_at(self) -> datetime: ...
    @property
    def acknowledged_at(self) -> datetime | None: ...
    @property
    def resolved_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Times:
    """The three times of one incident; None where there is none."""

    detect: timedelta | None
    acknowledge: timedelta | None
    resolve: timedelta | None


def times_of(incident: Timed, waits: Mapping[str, timedelta]) -> Times:
    """The times of an incident; `waits` are the rules' own (`waits_of`), a rule without an entry waits for nothing.

    An incident that was told of before it began, by a clock that is off, was detected at once.
    """
    began = incident.opened_at
    detect = None
    if incident.rule:
        detect = max(timedelta(0), incident.detected_at - (began - waits.get(incident.rule, timedelta(0))))
    return Times(
        detect=detect,
        acknowledge=None if incident.acknowledged_at is None else max(timedelta(0), incident.acknowledged_at - began),
        resolve=None if incident.resolved_at is None else incident.resolved_at - began,
    )


def waits_of(settings: Settings) -> dict[str, timedelta]:
    """Rule → how long its condition must hold before its alert fires (`for`)."""
    return {alert.name: parse_duration(alert.lasting) for alert in all_alerts(settings) if alert.lasting}
