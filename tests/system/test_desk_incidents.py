"""Incidents through what goes wrong: the database away in the middle, two workers at once, Alertmanager restarted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.equipment import mariadb
from tests.equipment.desk_server import TOKEN, DeskServer, alert, payload, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring, missing, wait_until

from sereno.core.clock import rfc3339

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        mariadb.is_missing() or bool(missing("alertmanager")), reason="MariaDB or Alertmanager is missing"
    ),
]

QUICK = {"SERENO_INCIDENTS__HOLD_DOWN": "1s"}


@pytest.fixture
def database() -> Iterator[MariaDb]:
    server = MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def desk(tmp_path: Path, database: MariaDb) -> Iterator[DeskServer]:
    server = DeskServer(tmp_path / "desk", database, extra=QUICK).start()
    yield server
    server.close()


def incidents(database: MariaDb) -> list[tuple[object, ...]]:
    return database.run("SELECT state, flapping FROM sereno.incident WHERE merged_into IS NULL ORDER BY id")


def entries(database: MariaDb, kind: str) -> int:
    return sum(row == (kind,) for row in database.run("SELECT kind FROM sereno.incident_event"))


def test_an_incident_outlives_a_database_that_is_away_in_the_middle(desk: DeskServer, database: MariaDb) -> None:
    """And two workers, of which one acts: every entry is there once."""
    other = DeskServer(desk.folder.parent / "other", database, extra={**QUICK, "SERENO_WEBAPP_URL": desk.url})
    began = datetime.now(UTC) - timedelta(seconds=30)
    fires = {"startsAt": rfc3339(began)}
    over = {"status": "resolved", "startsAt": rfc3339(began), "endsAt": rfc3339(began + timedelta(seconds=20))}
    try:
        for worker in (desk, other):
            worker.start_worker()
        for _ in range(3):
            assert desk.deliver(payload(alert("a", **fires))).status == 200
        assert incidents(database) == [("open", 0)]
        database.kill()
        refused = desk.deliver(payload(alert("a", **over)))
        assert (refused.status, refused.headers["Content-Type"]) == (503, "application/problem+json")
        database.start()
        wait_until("the desk is back", lambda: desk.get("/readyz").status == 200)
        for _ in range(3):
            assert desk.deliver(payload(alert("a", **over))).status == 200
        wait_until("it resolves by itself", lambda: incidents(database) == [("resolved", 0)], 40)
    finally:
        other.close()
    kinds = ("opened", "alert-fired", "alert-ended", "resolved", "reopened")
    assert [entries(database, kind) for kind in kinds] == [1, 1, 1, 1, 0]
    (times,) = database.run(
        "SELECT TIMESTAMPDIFF(MICROSECOND, opened_at, resolved_at), resolved_by FROM sereno.incident"
    )
    assert times == (20_000_000, None)


def test_alertmanager_restarted_is_no_news(tmp_path: Path, database: MariaDb, desk: DeskServer) -> None:
    """It forgets what fires, so its list is empty for a while; then Prometheus tells it again, and the end."""
    servers = Monitoring(tmp_path / "monitoring")
    servers.folder.mkdir()
    hook = {
        "url": f"{desk.url}/api/v1/alertmanager",
        "http_config": {"authorization": {"credentials": TOKEN}},
    }
    route = {"receiver": "desk", "group_by": ["alertname", "instance"], "group_wait": "0s", "group_interval": "1s"}
    config = {"route": route, "receivers": [{"name": "desk", "webhook_configs": [hook]}]}
    starts_at = rfc3339(datetime.now(UTC) - timedelta(seconds=5))

    def tell(**more: str) -> None:
        labels = {"alertname": "Slow", "instance": "shop", "severity": "page"}
        body = json.dumps([{"labels": labels, "startsAt": starts_at, **more}]).encode()
        url, headers = f"{servers.url('alertmanager')}/api/v2/alerts", {"Content-Type": "application/json"}
        assert request("POST", url, body=body, headers=headers).status == 200

    try:
        servers.start_alertmanager(config)
        tell()
        wait_until("an incident opens", lambda: incidents(database) == [("open", 0)])
        servers.stop("alertmanager")
        servers.start_alertmanager(config)
        listed = request("GET", f"{servers.url('alertmanager')}/api/v2/alerts").json
        desk.alertmanager_url = servers.url("alertmanager")
        desk.start_worker()
        wait_until("the worker has compared", lambda: has_compared(desk))
        assert (listed, incidents(database)) == ([], [("open", 0)])
        tell()
        tell(endsAt=rfc3339(datetime.now(UTC)))
        wait_until("it resolves by itself", lambda: incidents(database) == [("resolved", 0)], 40)
        (key,) = database.run("SELECT group_key FROM sereno.incident")
    finally:
        servers.close()
    kinds = ("opened", "alert-fired", "alert-ended", "resolved", "reopened")
    assert [entries(database, kind) for kind in kinds] == [1, 1, 1, 1, 0]
    # The same that the desk makes by itself from an alert of Alertmanager's own list.
    assert key == ('{}:{alertname="Slow", instance="shop"}',)


def has_compared(desk: DeskServer) -> bool:
    text = request("GET", f"http://127.0.0.1:{desk.worker_port}/metrics").text
    name = re.escape('sereno_worker_job_last_success_timestamp_seconds{task="reconcile-alerts"}')
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return found is not None and float(found[1]) > 0
