"""The worker beside a real webapp, MariaDB, Prometheus and Alertmanager: it goes on while any of them is away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from tests.equipment import mariadb, monitoring
from tests.equipment.desk_server import DeskServer, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring, wait_until

from sereno.core.clock import utc_now
from sereno.core.text import Text
from sereno.database.session import Database, make_engine
from sereno.guard.model import Actor
from sereno.outside.alertmanager import AlertmanagerClient
from sereno.respond.maintenance.model import Wanted
from sereno.respond.maintenance.service import Calendar
from sereno.settings import Settings
from sereno.watch.rules import render_rules

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        mariadb.is_missing() or bool(monitoring.missing("prometheus", "alertmanager", "node-exporter")),
        reason="this machine lacks MariaDB, Prometheus, Alertmanager or Node Exporter",
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    server = MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def database(server: MariaDb) -> MariaDb:
    """The server, running, with an empty schema."""
    if server.process is None or server.process.poll() is not None:
        server.start()
    server.empty()
    return server


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Monitoring]:
    """Prometheus with the real rules, which sends to an Alertmanager that delivers to nobody."""
    servers = Monitoring(tmp_path)
    servers.start_node_exporter()
    servers.start_alertmanager({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
    targets = {
        "node-exporter": [(servers.address("node-exporter"), {})],
        "alertmanager": [(servers.address("alertmanager"), {})],
    }
    servers.start_prometheus(targets, render_rules(Settings()))
    yield servers
    servers.close()


@pytest.fixture
def desk(tmp_path: Path, database: MariaDb, watched: Monitoring) -> Iterator[DeskServer]:
    server = DeskServer(
        tmp_path / "desk",
        database,
        prometheus_url=watched.url("prometheus"),
        alertmanager_url=watched.url("alertmanager"),
    ).start()
    yield server
    server.close()


def copy(desk: DeskServer, language: str = "en") -> Path:
    return desk.folder / "www" / "status" / f"{language}.html"


def written_after(desk: DeskServer, moment: float) -> bool:
    return copy(desk).exists() and copy(desk).stat().st_mtime > moment


def metric(desk: DeskServer, name: str) -> float:
    text = request("GET", f"http://127.0.0.1:{desk.worker_port}/metrics").text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_copies_are_written_and_say_their_age(desk: DeskServer) -> None:
    desk.start_worker()
    wait_until("the copies are written", lambda: copy(desk).exists() and copy(desk, "es").exists())
    assert re.search(r"as of \d\d:\d\d UTC; the desk does not answer", copy(desk).read_text())
    assert "la mesa de guardia no responde" in copy(desk, "es").read_text()
    assert "Alarm above 80 %" in copy(desk).read_text()
    assert metric(desk, 'sereno_worker_job_last_success_timestamp_seconds{task="status-copies"}') > time.time() - 30
    assert metric(desk, 'sereno_worker_job_interval_seconds{task="status-copies"}') == 15


def test_copies_stay_fresh_while_the_database_is_dead(desk: DeskServer, database: MariaDb) -> None:
    desk.start_worker()
    wait_until("the copies are written", lambda: copy(desk).exists())
    database.kill()
    assert desk.get("/").status == 503
    began = time.time()
    wait_until("a copy is written without a database", lambda: written_after(desk, began), 25)
    assert request("GET", f"http://127.0.0.1:{desk.worker_port}/healthz").status == 200


def test_the_last_good_copy_stays_while_the_desk_or_prometheus_is_dead(desk: DeskServer, watched: Monitoring) -> None:
    desk.start_worker()
    wait_until("the copies are written", lambda: copy(desk).exists())
    watched.stop("prometheus")
    wait_until("the webapp has nothing better", lambda: desk.get("/_gate/copy/en").status == 503)
    before = copy(desk).read_text()
    desk.stop("webapp")
    wait_until("the worker tells it", lambda: "status-copies" in desk.log("worker").split("the clock runs")[-1], 25)
    assert copy(desk).read_text() == before
    assert [file.name for file in sorted(copy(desk).parent.iterdir())] == ["en.html", "es.html"]


def test_what_no_delivery_told_is_taken_over_from_alertmanagers_own_list(desk: DeskServer, database: MariaDb) -> None:
    raised = [{"labels": {"alertname": "Untold", "severity": "critical"}, "annotations": {"summary": "by hand"}}]
    headers = {"Content-Type": "application/json"}
    url = f"{desk.alertmanager_url}/api/v2/alerts"
    assert request("POST", url, body=json.dumps(raised).encode(), headers=headers).status == 200
    assert database.run("SELECT COUNT(*) FROM sereno.alert") == [(0,)]
    desk.start_worker()
    wait_until(
        "the desk has it too",
        lambda: (
            ("Untold",) in database.run("SELECT name FROM sereno.alert_series JOIN sereno.alert USING (fingerprint)")
        ),
        25,
    )


def test_a_worker_that_starts_before_database_and_schema_waits_for_both(desk: DeskServer, database: MariaDb) -> None:
    desk.stop("webapp")
    database.empty()
    database.stop()
    desk.start_worker()
    done = 'sereno_worker_job_last_success_timestamp_seconds{task="reconcile-alerts"}'
    database.start()
    time.sleep(1)
    assert metric(desk, done) == 0
    desk.start()
    wait_until("it reconciles", lambda: metric(desk, done) > 0, 25)


def test_of_two_workers_one_has_the_clock_and_the_other_takes_over(desk: DeskServer, database: MariaDb) -> None:
    other = DeskServer(
        desk.folder.parent / "other",
        database,
        prometheus_url=desk.prometheus_url,
        alertmanager_url=desk.alertmanager_url,
        extra={"SERENO_WEBAPP_URL": desk.url},
    )
    done = 'sereno_worker_job_last_success_timestamp_seconds{task="reconcile-alerts"}'
    try:
        desk.start_worker()
        wait_until("the first reconciles", lambda: metric(desk, done) > 0, 25)
        other.start_worker()
        wait_until("the second writes copies", lambda: (other.folder / "www/status/en.html").exists())
        assert metric(other, done) == 0
        desk.stop("worker")
        wait_until("the second takes over", lambda: metric(other, done) > 0, 25)
    finally:
        other.close()


def test_it_stops_at_once_and_is_small(desk: DeskServer) -> None:
    desk.start_worker()
    wait_until("the copies are written", lambda: copy(desk).exists())
    pss = psutil.Process(desk.processes["worker"].pid).memory_full_info().pss / 1024**2
    began = time.monotonic()
    assert desk.stop("worker") == 0
    assert time.monotonic() - began < 3
    assert pss < 70


def test_the_worker_keeps_silences_and_sums_up_the_day(desk: DeskServer, database: MariaDb) -> None:
    calendar = Calendar(Database(make_engine(database.url)), lambda: {"mysql"})
    now = utc_now()
    wanted = Wanted(Text("New disk", ""), Text("", ""), now, now + timedelta(hours=1), ("mysql",))
    planned = calendar.add(wanted, actor=Actor("bob", "192.0.2.1"))
    desk.start_worker()
    alertmanager = AlertmanagerClient(desk.alertmanager_url)

    def active() -> int:
        return len([each for each in alertmanager.silences() if each.state == "active"])

    wait_until("its alerts are silent", lambda: active() == 2, 30)
    calendar.end(planned.id, actor=Actor("bob", "192.0.2.1"))
    wait_until("they are told again", lambda: active() == 0, 30)
    wait_until(
        "today is summed up", lambda: database.run("SELECT day FROM sereno.uptime_rolled ORDER BY day DESC LIMIT 1"), 30
    )
    done = 'sereno_worker_job_last_success_timestamp_seconds{task="uptime"}'
    wait_until("the job is done", lambda: metric(desk, done) > 0, 60)
