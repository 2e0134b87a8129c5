"""Which channels are told of what. Pure: the settings and the moment in, names out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from sereno.settings.notify import DAYS, NotifySection, Route


def channels_for(
    notify: NotifySection, *, stage: str, severity: str, components: Collection[str], now: datetime
) -> tuple[str, ...]:
    """Names of the channels to tell, in the settings' order, each once; without any route all of them."""
    known = [channel.name for channel in notify.channels]
    if not notify.routes:
        return tuple(known)
    local = now.astimezone(ZoneInfo(notify.time_zone))
    wanted = {
        name
        for route in notify.routes
        if _fits(route, stage=stage, severity=severity, components=components, local=local)
        for name in route.channels or known
    }
    return tuple(name for name in known if name in wanted)


def _fits(route: Route, *, stage: str, severity: str, components: Collection[str], local: datetime) -> bool:
    return (
        (not route.stages or stage in route.stages)
        and (not route.severities or severity.lower() in {each.lower() for each in route.severities})
        and (
            not route.components
            or any(fnmatchcase(component, glob) for component in components for glob in route.components)
        )
        and is_within(route, local)
    )


def is_within(route: Route, local: datetime) -> bool:
    """Whether a local time lies in the route's hours and days. What is after midnight belongs to the day before it."""
    day = local
    if route.hours:
        begin, end = (_time(part) for part in route.hours.split("-"))
        clock = local.time().replace(tzinfo=None)
        if end is not None and begin is not None and begin >= end:
            if end <= clock < begin:
                return False
            if clock < end:
                day = local - timedelta(days=1)
        elif (begin is not None and clock < begin) or (end is not None and clock >= end):
            return False
    return not route.days or DAYS[day.weekday()] in route.days


def _time(text: str) -> time | None:
    """The time; None for 24:00, which no clock shows."""
    return None if text == "24:00" else time.fromisoformat(text)
