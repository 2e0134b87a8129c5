"""Incidents stay true through the faults of their neighbours: real desk, worker, MariaDB, Alertmanager, Prometheus."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.equipment import mariadb, monitoring
from tests.equipment.between import Between
from tests.equipment.desk_server import TOKEN, Answer, DeskServer, alert, payload, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring
from tests.equipment.receivers import Receiver

from sereno.core.clock import rfc3339, utc_now
from sereno.database.session import Database, make_engine
from sereno.guard import tokens
from sereno.guard.model import Actor
from sereno.guard.scopes import Scope
from sereno.outside.alertmanager import AlertmanagerClient
from sereno.outside.prometheus import PrometheusClient
from sereno.respond.alerts.service import Alerts
from sereno.respond.heartbeats.model import Expectation
from sereno.respond.heartbeats.service import Heartbeats
from sereno.respond.incidents.service import Incidents

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        mariadb.is_missing() or bool(monitoring.missing("prometheus", "alertmanager")),
        reason="this machine lacks MariaDB, Prometheus or Alertmanager",
    ),
]

LATER = timedelta(days=1)


def wait_until(what: str, condition: Callable[[], Any]) -> Any:
    """For a machine that has much else to do."""
    return monitoring.wait_until(what, condition, 150)


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
def desk(tmp_path: Path, database: MariaDb) -> Iterator[DeskServer]:
    server = DeskServer(tmp_path / "desk", database)
    yield server
    server.close()


@pytest.fixture
def monitored(tmp_path: Path) -> Iterator[Monitoring]:
    servers = Monitoring(tmp_path)
    yield servers
    servers.close()


@pytest.fixture
def own(database: MariaDb) -> Iterator[Database]:
    """The desk's database, for the services whose clock a test sets."""
    engine = make_engine(database.url)
    yield Database(engine)
    engine.dispose()


def delivering_to(url: str) -> dict[str, Any]:
    """Alertmanager's settings: our own route, with shorter intervals."""
    webhook = {
        "url": f"{url}/api/v1/alertmanager",
        "send_resolved": True,
        "max_alerts": 200,
        "http_config": {"authorization": {"credentials": TOKEN}},
    }
    route = {"receiver": "desk", "group_by": ["alertname", "instance"], "group_wait": "0s", "group_interval": "1s"}
    return {"route": route, "receivers": [{"name": "desk", "webhook_configs": [webhook]}]}


def raise_alerts(url: str, *labels: dict[str, str]) -> None:
    """Tell Alertmanager that alerts fire, as Prometheus does."""
    now = utc_now()
    told = [
        {
            "labels": each,
            "annotations": {"summary": "trouble"},
            "startsAt": rfc3339(now),
            "endsAt": rfc3339(now + LATER),
        }
        for each in labels
    ]
    headers = {"Content-Type": "application/json"}
    answer = request("POST", f"{url}/api/v2/alerts", body=json.dumps(told).encode(), headers=headers, timeout=30)
    assert answer.status == 200, answer.text


def count(database: MariaDb, table: str, where: str = "1=1") -> int:
    return int(database.rows(f"SELECT COUNT(*) FROM sereno.{table} WHERE {where}")[0][0])  # noqa: S608 -- our own words.


def success_of(server: DeskServer, job: str) -> float:
    """When the worker last did the job, by its own metrics; 0 when it has not."""
    try:
        text = request("GET", f"http://127.0.0.1:{server.worker_port}/metrics").text
    except OSError:
        return 0.0
    name = re.escape(f'sereno_worker_job_last_success_timestamp_seconds{{task="{job}"}}')
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_thousand_alerts_through_alertmanager_while_the_database_is_killed_twice(
    desk: DeskServer, database: MariaDb, monitored: Monitoring
) -> None:
    """Half of them alone in their group, half in groups of five."""
    desk.start()
    between = Between(desk.url)
    try:
        monitored.start_alertmanager(delivering_to(between.url))
        labels = [
            {
                "alertname": "Load",
                "severity": "warning",
                "instance": f"alone{n}" if n < 500 else f"five{n // 5}",
                "number": str(n),
            }
            for n in range(1000)
        ]
        random.Random(5).shuffle(labels)
        for place in range(0, 1000, 50):
            raise_alerts(monitored.url("alertmanager"), *labels[place : place + 50])
        for share in (150, 500):
            wait_until("deliveries go through", lambda share=share: len(between.acknowledged) >= share)
            database.kill()
            acknowledged, refused = set(between.acknowledged), between.statuses[503]
            wait_until("a delivery is refused", lambda refused=refused: between.statuses[503] > refused)
            database.start()
            stored = {fingerprint for (fingerprint,) in database.rows("SELECT fingerprint FROM sereno.alert")}
            assert acknowledged <= stored, "what was acknowledged is lost"
        wait_until("Alertmanager's own attempts fill the rest", lambda: len(between.acknowledged) == 1000)
    finally:
        between.close()
    # Nought is no answer in time: a thousand at once wait for a database that is away or comes back.
    assert set(between.statuses) <= {0, 200, 503}, between.statuses
    assert count(database, "alert") == count(database, "alert_series") == 1000
    assert {fingerprint for (fingerprint,) in database.rows("SELECT fingerprint FROM sereno.alert")} == (
        between.acknowledged
    )
    sizes = database.rows(
        "SELECT g.n, COUNT(*) FROM (SELECT a.incident_id, COUNT(*) n, COUNT(DISTINCT instance) i FROM sereno.alert a "
        "JOIN sereno.alert_series s USING (fingerprint) GROUP BY a.incident_id HAVING i = 1) g GROUP BY g.n ORDER BY 1",
    )
    assert sizes == [(1, 500), (5, 100)]
    assert count(database, "incident") == 600
    # Told once each, although many were delivered again.
    assert count(database, "incident_event", "kind = 'opened' AND pending") == 600
    assert count(database, "incident_event", "kind = 'alert-fired'") == 1000
    assert count(database, "incident_event") == 1600


def test_alertmanager_restarted_with_an_empty_list_ends_nothing_that_fires(
    desk: DeskServer, database: MariaDb, monitored: Monitoring, own: Database
) -> None:
    """What Prometheus no longer counts either ends by absence, slowly; what is silenced opens nothing."""
    held = {"alertname": "Held", "severity": "critical", "instance": "held"}
    gone = {"alertname": "Gone", "severity": "critical", "instance": "gone"}
    quiet = {"alertname": "Quiet", "severity": "critical", "instance": "quiet"}
    rule = {"alert": "Held", "expr": "vector(1)", "labels": {"severity": "critical", "instance": "held"}}
    rules = json.dumps({"groups": [{"name": "held", "rules": [rule]}]})
    # Before Alertmanager, so that it tells nobody: the test does, and Alertmanager's list stays empty when it is.
    monitored.start_prometheus({}, {"held.yml": rules})
    monitored.start_alertmanager(delivering_to(desk.url))
    desk.prometheus_url, desk.alertmanager_url = monitored.url("prometheus"), monitored.url("alertmanager")
    desk.start()
    silence(desk.alertmanager_url, "Quiet")
    raise_alerts(desk.alertmanager_url, held, gone, quiet)
    wait_until("both are told", lambda: count(database, "incident") == 2)
    reconciled(desk)
    assert count(database, "alert") == count(database, "incident") == 2, "what is silenced opened something"

    listed = f"{desk.alertmanager_url}/api/v2/alerts"
    assert len(request("GET", listed).json) == 3
    monitored.kill("alertmanager")
    reconciled(desk)
    monitored.start_alertmanager(delivering_to(desk.url))
    assert request("GET", listed).json == []
    reconciled(desk)
    assert count(database, "alert", "ended_at IS NULL AND missed_polls = 0") == 2

    # It has been up for five minutes now, by a clock that the test sets; three looks in a row believe an absence.
    clients = AlertmanagerClient(desk.alertmanager_url), PrometheusClient(desk.prometheus_url)
    first = utc_now() + timedelta(minutes=6)
    for minutes in range(3):
        assert count(database, "alert", "ended_at IS NULL") == 2
        at = first + timedelta(minutes=minutes)
        Alerts(own, clock=lambda at=at: at).reconcile(*clients)
    fates = "SELECT name, ended_by, ended_at FROM sereno.alert JOIN sereno.alert_series USING (fingerprint) ORDER BY 1"
    assert database.rows(fates) == [("Gone", "absence", first.replace(tzinfo=None)), ("Held", None, None)]
    assert Incidents(own, clock=lambda: first + timedelta(minutes=3)).settle() == 1
    states = database.rows("SELECT rule, state, resolved_at FROM sereno.incident ORDER BY rule")
    assert states == [("Gone", "resolved", first.replace(tzinfo=None)), ("Held", "open", None)]
    # Its next sign of life changes nothing: it is the same alert, and was never over.
    raise_alerts(desk.alertmanager_url, held)
    wait_until("it is listed again", lambda: len(request("GET", listed).json) == 1)
    Alerts(own, clock=lambda: first + timedelta(minutes=4)).reconcile(*clients)
    assert count(database, "incident") == 2
    assert count(database, "incident_event", "kind = 'reopened'") == 0


def silence(url: str, name: str) -> None:
    now = utc_now()
    body = {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
        "startsAt": rfc3339(now),
        "endsAt": rfc3339(now + LATER),
        "createdBy": "test",
        "comment": "known",
    }
    headers = {"Content-Type": "application/json"}
    answer = request("POST", f"{url}/api/v2/silences", body=json.dumps(body).encode(), headers=headers)
    assert answer.status == 200, answer.text


def reconciled(desk: DeskServer) -> None:
    """Let a worker compare with Alertmanager's list once: it does so when it starts."""
    desk.start_worker()
    wait_until("the worker has looked", lambda: success_of(desk, "reconcile-alerts") > 0)
    desk.stop("worker")


def test_of_two_workers_one_acts_and_when_it_is_killed_the_other_goes_on(
    desk: DeskServer, database: MariaDb, own: Database, tmp_path: Path
) -> None:
    receiver = Receiver()
    settings = tmp_path / "sereno.toml"
    settings.write_text(
        '[incidents]\nhold_down = "1s"\n[notify]\nper_hour = 100\n[[notify.channels]]\nname = "hook"\n'
        f'url = "json://127.0.0.1:{receiver.port}/"\n'
    )
    desk.extra["SERENO_SETTINGS"] = str(settings)
    desk.start()
    other = DeskServer(tmp_path / "other", database, port=desk.port, extra=desk.extra)
    try:
        desk.start_worker()
        wait_until("the first has the clock", lambda: success_of(desk, "settle-incidents") > 0)
        other.start_worker()
        heartbeats = Heartbeats(own, Incidents(own))
        silent = Expectation(timedelta(seconds=10), timedelta(seconds=1), "critical")
        heartbeats.declare("before", silent, actor=Actor("ana", "192.0.2.1"))
        told(desk, "firing", range(4))
        wait_until("all is sent and noted", lambda: sent(database) >= 4)
        wait_until("the silence is noticed", lambda: heartbeats.get("before").missing_since is not None)
        wait_until("and told", lambda: sent(database) == 5)
        told(desk, "resolved", range(2))
        wait_until("two are over", lambda: count(database, "incident", "state = 'resolved'") == 2)
        wait_until("and told", lambda: sent(database) == 7)
        for job in ("settle-incidents", "notices", "heartbeats", "reconcile-alerts"):
            assert success_of(other, job) == 0, f"both did {job}"

        desk.kill("worker")
        heartbeats.declare("after", silent, actor=Actor("ana", "192.0.2.1"))
        told(desk, "resolved", range(2, 4))
        told(desk, "firing", range(4, 6))
        wait_until("the other ends incidents", lambda: count(database, "incident", "state = 'resolved'") == 4)
        wait_until("and notices silence", lambda: heartbeats.get("after").missing_since is not None)
        wait_until("and tells", lambda: sent(database) == 12)
    finally:
        other.close()
        receiver.close()
    assert len(receiver.calls) == 12
    doubled = "SELECT incident_id, kind FROM sereno.incident_event WHERE kind <> 'alert-fired' AND kind <> 'notice' "
    assert database.rows(f"{doubled} GROUP BY incident_id, kind HAVING COUNT(*) > 1") == []
    assert count(database, "incident", "opened_by LIKE 'heartbeat:%'") == 2
    assert count(database, "incident_event", "pending") == 0


def told(desk: DeskServer, status: str, numbers: range) -> None:
    """Deliver alerts that began ten minutes ago, each in a group of its own; those that are over ended a minute ago."""
    for number in numbers:
        times = {"startsAt": BEGAN, "endsAt": ENDED if status == "resolved" else "0001-01-01T00:00:00Z"}
        answer = desk.deliver(payload(alert(f"a{number}", status=status, **times), groupKey=f"group {number}"))
        assert answer.status == 200


BEGAN = rfc3339(utc_now() - timedelta(minutes=10))
ENDED = rfc3339(utc_now() - timedelta(minutes=1))


def sent(database: MariaDb) -> int:
    return count(database, "notice", "state = 'sent'")


OUTAGE_SECONDS = 20
"""Stands for five minutes: nothing below depends on it."""


def test_acknowledged_and_resolved_in_time_though_the_database_was_away_and_all_was_told_three_times(
    desk: DeskServer, database: MariaDb, own: Database
) -> None:
    desk.start()
    desk.start_worker()
    headers = {"Authorization": f"Bearer {make_token(own)}", "Content-Type": "application/json"}

    def ask(method: str, path: str) -> Answer:
        return request(method, f"{desk.url}/api/v1{path}", headers=headers, body=b"{}" if method == "POST" else None)

    now = utc_now()
    began = {"a": now - timedelta(seconds=600.25), "b": now - timedelta(seconds=540)}
    ended = {"a": now - timedelta(seconds=420), "b": now - timedelta(seconds=179.5)}
    fires = {name: said(name, began[name]) for name in "ab"}
    over = {name: said(name, began[name], ended[name]) for name in "ab"}
    # The end of one before its begin, and the later of them first.
    for each in (fires["b"], over["a"], fires["a"]):
        assert [desk.deliver(each).status for _ in range(3)] == [200, 200, 200]
    wait_until("an incident is open", lambda: count(database, "incident", "state = 'open'") == 1)

    database.kill()
    assert ask("POST", "/incidents/1/acknowledge").status == 503
    end = time.monotonic() + OUTAGE_SECONDS
    refused = []
    while time.monotonic() < end:
        refused.append(desk.deliver(over["b"]).status)
        time.sleep(1)
    assert set(refused) == {503}
    database.start()

    before = utc_now()
    answer = wait_until("somebody takes it", lambda: taken(ask("POST", "/incidents/1/acknowledge")))
    after = utc_now()
    acknowledged_at = moment(answer["acknowledged_at"])
    assert before <= acknowledged_at <= after
    for _ in range(3):
        wait_until("its end is taken", lambda: desk.deliver(over["b"]).status == 200)
    wait_until("it is over", lambda: count(database, "incident", "state = 'resolved'") == 1)

    def as_it_should_be() -> bool:
        (incident,) = ask("GET", "/incidents").json["items"]
        figures = ask("GET", "/figures?days=1").json
        assert (incident["state"], incident["alerts"], incident["flapping"]) == ("resolved", 2, False)
        assert moment(incident["opened_at"]) == began["a"]
        assert moment(incident["acknowledged_at"]) == acknowledged_at
        assert moment(incident["resolved_at"]) == ended["b"]
        acknowledge, resolve = figures["time_to_acknowledge"], figures["time_to_resolve"]
        assert (acknowledge["count"], resolve["count"]) == (1, 1)
        assert acknowledge["mean"] == (acknowledged_at - began["a"]).total_seconds()
        assert resolve["mean"] == 420.75
        return True

    assert as_it_should_be()
    everything = [*fires.values(), *over.values()] * 3
    random.Random(7).shuffle(everything)
    together = ThreadedDeliveries(desk, everything)
    assert together.statuses() == [200] * len(everything)
    # Late news have the sums made again; they come out the same.
    wait_until("the worker has looked at it", lambda: count(database, "incident", "news") == 0)
    settled = success_of(desk, "settle-incidents")
    wait_until("it has settled again", lambda: success_of(desk, "settle-incidents") > settled)
    assert as_it_should_be()
    kinds = database.rows("SELECT kind, COUNT(*) FROM sereno.incident_event GROUP BY kind ORDER BY kind")
    assert dict(kinds) | {"acknowledged": 1, "opened": 1, "resolved": 1} == dict(kinds)
    assert "reopened" not in dict(kinds)


class ThreadedDeliveries:
    """Deliveries sent at once, as by several Alertmanagers."""

    def __init__(self, desk: DeskServer, payloads: list[dict[str, Any]]) -> None:
        self._statuses: list[int] = []
        self._threads = [
            threading.Thread(target=lambda each=each: self._statuses.append(desk.deliver(each).status))
            for each in payloads
        ]

    def statuses(self) -> list[int]:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join(30)
        return self._statuses


def said(name: str, began_at: datetime, ended_at: datetime | None = None) -> dict[str, Any]:
    """A delivery about one alert of the one group."""
    times = {"startsAt": rfc3339(began_at)} | ({"endsAt": rfc3339(ended_at)} if ended_at else {})
    return payload(alert(name, status="resolved" if ended_at else "firing", **times))


def taken(answer: Answer) -> Any:
    return answer.json if answer.status == 200 else None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def make_token(own: Database) -> str:
    """A program's token that may do everything."""
    with own.unit_of_work() as session:
        _, text = tokens.make(
            session,
            name="everything",
            scopes=list(Scope),
            days=1,
            maker=tokens.COMMAND_LINE,
            actor=Actor("ana", "192.0.2.1"),
            now=utc_now(),
        )
    return text
