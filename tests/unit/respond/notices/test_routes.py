"""Who is told of what, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sereno.respond.notices.routes import channels_for
from sereno.settings.notify import NotifySection

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""A Tuesday."""


def notify(*routes: dict[str, object], zone: str = "UTC") -> NotifySection:
    channels = [{"name": name, "url": f"json://{name}.example"} for name in ("mail", "pager", "chat")]
    return NotifySection.model_validate({"channels": channels, "routes": list(routes), "time_zone": zone})


def told(
    section: NotifySection,
    *,
    stage: str = "opened",
    severity: str = "critical",
    components: tuple[str, ...] = ("nginx",),
    now: datetime = NOON,
) -> tuple[str, ...]:
    return channels_for(section, stage=stage, severity=severity, components=components, now=now)


def test_without_routes_everything_goes_to_all() -> None:
    assert told(notify(), severity="whatever", components=()) == ("mail", "pager", "chat")


def test_a_route_without_channels_is_for_all_and_one_that_does_not_fit_for_none() -> None:
    assert told(notify({"severities": ["critical"]})) == ("mail", "pager", "chat")
    assert told(notify({"severities": ["critical"]}), severity="warning") == ()


def test_every_route_that_fits_counts_and_each_channel_is_told_once() -> None:
    section = notify({"channels": ["pager", "mail"]}, {"channels": ["mail"], "severities": ["CRITICAL"]})
    assert told(section) == ("mail", "pager")


@pytest.mark.parametrize(
    ("route", "components", "fits"),
    [
        ({"components": ["ngi*"]}, ("nginx",), True),
        ({"components": ["mysql", "shop-*"]}, ("nginx", "shop-api"), True),
        ({"components": ["shop-*"]}, ("nginx",), False),
        ({"components": ["*"]}, (), False),
        ({"stages": ["resolved"]}, ("nginx",), False),
        ({"stages": ["opened", "resolved"]}, ("nginx",), True),
    ],
)
def test_components_and_stages(route: dict[str, object], components: tuple[str, ...], fits: bool) -> None:
    assert bool(told(notify(route), components=components)) is fits


@pytest.mark.parametrize(
    ("hours", "days", "now", "fits"),
    [
        ("08:00-18:00", [], "2026-11-24T08:00", True),
        ("08:00-18:00", [], "2026-11-24T18:00", False),
        ("18:00-24:00", [], "2026-11-24T23:59", True),
        ("22:00-06:00", [], "2026-11-24T05:59", True),
        ("22:00-06:00", [], "2026-11-24T06:00", False),
        ("22:00-06:00", [], "2026-11-24T22:00", True),
        ("", ["tue"], "2026-11-24T00:00", True),
        ("", ["wed"], "2026-11-24T23:59", False),
        # The night of Saturday lasts until Sunday's morning.
        ("22:00-06:00", ["sat"], "2026-11-29T03:00", True),
        ("22:00-06:00", ["sat"], "2026-11-28T03:00", False),
        ("22:00-06:00", ["sat"], "2026-11-28T23:00", True),
    ],
)
def test_hours_and_days(hours: str, days: list[str], now: str, fits: bool) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert bool(told(notify({"hours": hours, "days": days}), now=moment)) is fits


def test_hours_are_those_of_the_time_zone_also_when_clocks_change() -> None:
    section = notify({"hours": "08:00-09:00"}, zone="Europe/Madrid")
    assert told(section, now=datetime(2026, 10, 24, 6, 30, tzinfo=UTC))
    assert not told(section, now=datetime(2026, 10, 26, 6, 30, tzinfo=UTC))
    assert told(section, now=datetime(2026, 10, 26, 7, 30, tzinfo=UTC))
