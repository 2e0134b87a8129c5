"""An alert's whole way: a dead target, Prometheus, Alertmanager, the desk, the page; and back when it answers again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment import mariadb, monitoring
from tests.equipment.desk_server import TOKEN, DeskServer, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring, wait_until

from sereno.settings import Settings
from sereno.watch.rules import render_rules

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        mariadb.is_missing() or bool(monitoring.missing("prometheus", "alertmanager", "node-exporter")),
        reason="this machine lacks MariaDB, Prometheus, Alertmanager or Node Exporter",
    ),
]


@pytest.fixture
def database() -> Iterator[MariaDb]:
    server = MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def desk(tmp_path: Path, database: MariaDb) -> Iterator[DeskServer]:
    server = DeskServer(tmp_path / "desk", database)
    yield server
    server.close()


@pytest.fixture
def watched(tmp_path: Path, desk: DeskServer) -> Iterator[Monitoring]:
    """Prometheus with the real rules and an Alertmanager that delivers to the desk, waiting for nothing."""
    servers = Monitoring(tmp_path)
    servers.start_node_exporter()
    webhook = {
        "url": f"{desk.url}/api/v1/alertmanager",
        "max_alerts": 200,
        "http_config": {"authorization": {"credentials": TOKEN}},
    }
    route = {"receiver": "desk", "group_by": ["alertname", "instance"], "group_wait": "0s", "group_interval": "1s"}
    servers.start_alertmanager({"route": route, "receivers": [{"name": "desk", "webhook_configs": [webhook]}]})
    servers.start_prometheus(
        {"node-exporter": [(servers.address("node-exporter"), {"instance": "node-exporter"})]}, render_rules(Settings())
    )
    yield servers
    servers.close()


def test_a_stopped_component_shows_on_the_page_and_as_an_alert_and_goes_again(
    desk: DeskServer, watched: Monitoring, database: MariaDb
) -> None:
    desk.prometheus_url, desk.alertmanager_url = watched.url("prometheus"), watched.url("alertmanager")
    desk.start()

    def state(component: str) -> str:
        components = desk.get("/status.json").json["components"]
        return next(one["state"] for one in components if one["name"] == component)

    def alerts() -> list[str]:
        return [alert["sentence"]["en"] for alert in desk.get("/status.json").json["alerts"]]

    wait_until("Node Exporter is seen", lambda: state("node-exporter") == "up")
    watched.stop("node-exporter")
    wait_until("it is shown as down", lambda: state("node-exporter") == "down", 60)
    wait_until("its alert has arrived", lambda: "node-exporter does not answer" in alerts(), 60)
    # Each of the desk's processes reads anew after two seconds.
    wait_until("the page says so", lambda: "node-exporter does not answer" in desk.get("/").text, 10)
    spanish = "node-exporter no responde"
    wait_until("and in Spanish", lambda: spanish in desk.get("/", Accept_Language="es").text, 10)
    watched.start_node_exporter()
    wait_until("it is up again", lambda: state("node-exporter") == "up", 60)
    wait_until("its alert has ended", lambda: "node-exporter does not answer" not in alerts(), 30)
    (row,) = database.run(
        "SELECT ended_by, ended_at > began_at FROM sereno.alert JOIN sereno.alert_series USING (fingerprint) "
        "WHERE name = 'InstanceDown'"
    )
    assert row == ("told", 1)


def test_alerts_that_fire_while_the_desk_is_down_arrive_when_it_is_back(
    desk: DeskServer, watched: Monitoring, database: MariaDb
) -> None:
    """Alertmanager tries again by itself; the desk need only be there in time."""
    desk.prometheus_url, desk.alertmanager_url = watched.url("prometheus"), watched.url("alertmanager")
    wait_until(
        "Node Exporter is scraped",
        lambda: request("GET", f"{desk.prometheus_url}/api/v1/query?query=up").json["data"]["result"],
    )
    watched.stop("node-exporter")
    wait_until(
        "Alertmanager has the alert",
        lambda: "InstanceDown" in request("GET", f"{desk.alertmanager_url}/api/v2/alerts").text,
        90,
    )
    desk.start()
    wait_until(
        "it has arrived",
        lambda: ("InstanceDown",) in database.run("SELECT name FROM sereno.alert_series"),
        60,
    )
