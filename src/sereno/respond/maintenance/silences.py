"""Which silences Alertmanager should have for scheduled maintenance, and what to do about those it has. Pure.

A maintenance is one silence for what is labelled with its components, and one for what comes from them (`instance`);
matchers of one silence all have to fit. Ours are known by their comment, so that nobody else's is ever touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sereno.respond.alerts.model import HEARTBEAT
from sereno.respond.incidents.grouping import MACHINE
from sereno.respond.maintenance.model import EVERYTHING, Maintenance, Phase

AUTHOR = "sereno"
TOLERANCE = timedelta(seconds=1)
"""Alertmanager keeps milliseconds, the database microseconds."""

ALSO_FROM: Mapping[str, tuple[str, ...]] = {
    "webapp": ("desk",),
    "nginx": ("desk", "redirect"),
    MACHINE: ("node-exporter",),
}
"""Under which instances alerts come too: the desk's own probes, and this machine's Node Exporter."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label; with `is_regex` the value must match whole."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that there should be, or is. `id` is Alertmanager's, empty for one that is not there yet."""

    matchers: frozenset[Matcher]
    starts_at: datetime
    ends_at: datetime
    comment: str
    author: str = AUTHOR
    id: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. What is to be created comes first, so that there is no moment without a silence."""

    create: tuple[Silence, ...]
    expire: tuple[Silence, ...]


def wanted_silences(planned: Iterable[Maintenance], now: datetime) -> list[Silence]:
    """Those of every maintenance that runs or is to come."""
    return [
        Silence(matchers, one.begins_at, one.ends_at, f"Sereno, maintenance {one.id}, part {part}")
        for one in planned
        if one.phase(now) in (Phase.PLANNED, Phase.RUNNING)
        for part, matchers in enumerate(_matchers(one.components), start=1)
    ]


def _matchers(components: Sequence[str]) -> list[frozenset[Matcher]]:
    if EVERYTHING in components:
        # The alert that proves that alerting works must go on, or somebody off the machine would be woken.
        names = (Matcher("alertname", ".+", is_regex=True), Matcher("severity", HEARTBEAT, is_equal=False))
        return [frozenset(names)]
    instances = sorted({*components, *(probe for each in components for probe in ALSO_FROM.get(each, ()))})
    return [
        frozenset({Matcher("component", _any_of(sorted(components)), is_regex=True)}),
        frozenset({Matcher("instance", _any_of(instances), is_regex=True)}),
    ]


def _any_of(names: Sequence[str]) -> str:
    return "|".join(re.escape(name) for name in names)


def plan(wanted: Sequence[Silence], present: Sequence[Silence], now: datetime) -> Plan:
    """What makes `present` into `wanted`. `present` are those that are pending or active, of whoever."""
    ours = [each for each in present if each.author == AUTHOR and each.comment.startswith("Sereno, maintenance ")]
    kept: set[str] = set()
    create = []
    for each in wanted:
        same = next((other for other in ours if other.id not in kept and _is_as_wanted(other, each, now)), None)
        if same is None:
            create.append(each)
        else:
            kept.add(same.id)
    return Plan(tuple(create), tuple(other for other in ours if other.id not in kept))


def _is_as_wanted(present: Silence, wanted: Silence, now: datetime) -> bool:
    """A silence that was made late began then; that is as good as it gets."""
    return (
        present.comment == wanted.comment
        and present.matchers == wanted.matchers
        and abs(present.ends_at - wanted.ends_at) <= TOLERANCE
        and present.starts_at <= max(wanted.starts_at, now) + TOLERANCE
        and (present.starts_at >= wanted.starts_at - TOLERANCE)
    )
