"""Scheduled maintenance and daily sums, introduced to components, probes, Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sereno.core.clock import Clock, utc_now
from sereno.database.session import Database
from sereno.respond.incidents.grouping import MACHINE
from sereno.respond.maintenance.keeper import SilenceKeeper
from sereno.respond.maintenance.model import Phase
from sereno.respond.maintenance.service import Calendar
from sereno.respond.status.rollup import RollUps
from sereno.respond.status.uptime import Span
from sereno.serve.catalogue import CATALOGUE
from sereno.wiring import Surroundings, open_alertmanager, open_prometheus
from sereno.wiring.probes import open_probes


def open_calendar(surroundings: Surroundings, database: Database, *, clock: Clock = utc_now) -> Calendar:
    """Scheduled maintenance as the desk's doors use it: of components, of what users have watched, of machines."""
    probes = open_probes(surroundings, database)

    def known() -> Collection[str]:
        own = (*probes.of_settings, *(each.probe for each in probes.asked()))
        names = (*(each.name for each in own), *(each.name for each in surroundings.settings.hosts))
        return frozenset((MACHINE, *(component.name for component in CATALOGUE), *names))

    return Calendar(database, known, clock=clock)


def open_silence_keeper(surroundings: Surroundings, database: Database, *, clock: Clock = utc_now) -> SilenceKeeper:
    """Who keeps Alertmanager's silences; for the worker alone."""
    return SilenceKeeper(
        open_calendar(surroundings, database, clock=clock), open_alertmanager(surroundings), clock=clock
    )


def open_roll_ups(surroundings: Surroundings, database: Database, *, clock: Clock = utc_now) -> RollUps:
    """Who sums up each day; for the worker alone."""
    calendar = open_calendar(surroundings, database, clock=clock)

    def spans(begin: datetime, end: datetime) -> dict[str, list[Span]]:
        found: dict[str, list[Span]] = {}
        for one in calendar.between(begin, end):
            if one.phase(end) is not Phase.CANCELLED:
                for component in one.components:
                    found.setdefault(component, []).append((one.begins_at, one.over_at))
        return found

    return RollUps(database, open_prometheus(surroundings), surroundings.settings, spans, clock=clock)
