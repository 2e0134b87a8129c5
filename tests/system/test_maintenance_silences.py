"""Scheduled maintenance beside a real Alertmanager: silent for its span, also when Alertmanager has lost its memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.equipment import monitoring
from tests.equipment.desk import memory_database
from tests.equipment.desk_server import request
from tests.equipment.monitoring import Monitoring, wait_until

from sereno.core.clock import utc_now
from sereno.core.text import Text
from sereno.guard.model import Actor
from sereno.outside.alertmanager import AlertmanagerClient
from sereno.respond.alerts.service import Alerts
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted as WantedIncidents
from sereno.respond.maintenance.keeper import SilenceKeeper
from sereno.respond.maintenance.model import Wanted
from sereno.respond.maintenance.service import Calendar

pytestmark = pytest.mark.skipif(bool(monitoring.missing("alertmanager")), reason="this machine has no Alertmanager")

BOB = Actor("bob", "192.0.2.1")


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Monitoring]:
    servers = Monitoring(tmp_path)
    servers.start_alertmanager({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
    yield servers
    servers.close()


@pytest.fixture
def calendar() -> Calendar:
    return Calendar(memory_database(), lambda: {"mysql", "webapp"})


def fire(servers: Monitoring, **labels: str) -> None:
    raised = [{"labels": {"alertname": "Test", "severity": "critical", **labels}}]
    headers = {"Content-Type": "application/json"}
    url = servers.url("alertmanager") + "/api/v2/alerts"
    assert request("POST", url, body=json.dumps(raised).encode(), headers=headers).status == 200


def states(client: AlertmanagerClient) -> dict[str, str]:
    """By the label that tells the alerts of these tests apart."""
    return {each.labels["which"]: each.state for each in client.alerts()}


def wanted(*components: str, hours: float = 1) -> Wanted:
    now = utc_now()
    return Wanted(Text("New disk", ""), Text("", ""), now, now + timedelta(hours=hours), components)


def active(client: AlertmanagerClient) -> list[str]:
    return [each.id for each in client.silences() if each.state != "expired"]


def test_alerts_of_what_is_maintained_are_suppressed_and_others_are_not(
    servers: Monitoring, calendar: Calendar
) -> None:
    client = AlertmanagerClient(servers.url("alertmanager"))
    keeper = SilenceKeeper(calendar, client)
    one = calendar.add(wanted("mysql", "webapp"), actor=BOB)
    keeper.keep()
    fire(servers, which="label", component="mysql")
    fire(servers, which="instance", instance="mysql")
    fire(servers, which="outside", instance="desk")
    fire(servers, which="other", component="nginx", instance="nginx")
    expected = {"label": "suppressed", "instance": "suppressed", "outside": "suppressed", "other": "active"}
    wait_until("they are suppressed", lambda: states(client) == expected)
    before = active(client)
    keeper.keep()
    assert active(client) == before
    calendar.end(one.id, actor=BOB)
    keeper.keep()
    wait_until("they are told again", lambda: set(states(client).values()) == {"active"})
    assert active(client) == []


def test_what_fires_during_a_maintenance_opens_an_incident_only_when_it_is_over_and_still_fires(
    servers: Monitoring,
) -> None:
    database = memory_database()
    calendar = Calendar(database, lambda: {"mysql"})
    client = AlertmanagerClient(servers.url("alertmanager"))
    keeper, alerts, incidents = SilenceKeeper(calendar, client), Alerts(database), Incidents(database)
    one = calendar.add(wanted("mysql"), actor=BOB)
    keeper.keep()
    fire(servers, which="one", component="mysql")
    wait_until("it is suppressed", lambda: states(client) == {"one": "suppressed"})
    alerts.look(client)
    assert incidents.page(WantedIncidents()).incidents == ()
    calendar.end(one.id, actor=BOB)
    keeper.keep()
    wait_until("it is told again", lambda: states(client) == {"one": "active"})
    alerts.look(client)
    assert [each.components for each in incidents.page(WantedIncidents()).incidents] == [("mysql",)]


def test_everything_is_suppressed_but_the_watchdog(servers: Monitoring, calendar: Calendar) -> None:
    client = AlertmanagerClient(servers.url("alertmanager"))
    calendar.add(wanted("*"), actor=BOB)
    SilenceKeeper(calendar, client).keep()
    fire(servers, which="any")
    fire(servers, which="life", alertname="Watchdog", severity="none")
    wait_until("one of two is suppressed", lambda: states(client) == {"any": "suppressed", "life": "active"})


def test_one_that_is_to_come_waits_and_one_that_is_cancelled_goes(servers: Monitoring, calendar: Calendar) -> None:
    client = AlertmanagerClient(servers.url("alertmanager"))
    keeper = SilenceKeeper(calendar, client)
    later = utc_now() + timedelta(hours=1)
    one = calendar.add(
        Wanted(Text("Later", ""), Text("", ""), later, later + timedelta(hours=1), ("mysql",)), actor=BOB
    )
    keeper.keep()
    assert {each.state for each in client.silences()} == {"pending"}
    calendar.change(
        one.id,
        Wanted(one.title, one.text, one.begins_at, one.ends_at + timedelta(hours=1), one.components),
        actor=BOB,
    )
    keeper.keep()
    ends = {each.ends_at.replace(microsecond=0) for each in client.silences() if each.state == "pending"}
    assert ends == {(one.ends_at + timedelta(hours=1)).replace(microsecond=0)}
    calendar.cancel(one.id, actor=BOB)
    keeper.keep()
    assert active(client) == []


def test_silences_that_alertmanager_has_lost_are_made_again(servers: Monitoring, calendar: Calendar) -> None:
    client = AlertmanagerClient(servers.url("alertmanager"))
    keeper = SilenceKeeper(calendar, client)
    calendar.add(wanted("mysql"), actor=BOB)
    keeper.keep()
    assert len(active(client)) == 2
    servers.stop("alertmanager")
    shutil.rmtree(servers.folder / "alertmanager", ignore_errors=True)
    servers.start_alertmanager({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
    assert active(client) == []
    keeper.keep()
    assert len(active(client)) == 2


def test_somebody_elses_silence_stays(servers: Monitoring, calendar: Calendar) -> None:
    client = AlertmanagerClient(servers.url("alertmanager"))
    now = utc_now()
    client.silence({("alertname", "X", False, True)}, now, now + timedelta(hours=1), author="bob", comment="by hand")
    SilenceKeeper(calendar, client).keep()
    assert [each.author for each in client.silences() if each.state == "active"] == ["bob"]
