"""The desk's processes: a stop loses no request, and what they count is right however many they are."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pymysql
import pytest
from tests.equipment import mariadb
from tests.equipment.desk_server import DeskServer, alert, payload
from tests.equipment.mariadb import PASSWORD, MariaDb
from tests.equipment.monitoring import wait_until

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
]


@pytest.fixture(scope="module")
def database() -> Iterator[MariaDb]:
    server = MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def desk(tmp_path: Path, database: MariaDb) -> Iterator[DeskServer]:
    database.empty()
    server = DeskServer(tmp_path / "desk", database).start()
    yield server
    server.close()


def exchange(port: int, path: str = "/healthz") -> str:
    """One request on its own connection: `answered`, `refused` (nothing was sent), or what was lost."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=15)
    except ConnectionRefusedError:
        return "refused"
    with connection:
        try:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        except OSError as error:
            return f"lost: {error}"
    return "answered" if received.startswith(b"HTTP/1.1 200") else f"lost: {received[:60]!r}"


def test_a_stop_under_load_loses_no_request_and_waits_for_one_under_way(desk: DeskServer, database: MariaDb) -> None:
    desk.deliver(payload(alert("held")))
    outcomes: list[str] = []
    slow: list[int] = []
    stop = threading.Event()

    def ask_on_and_on() -> None:
        while not stop.is_set():
            outcome = exchange(desk.port)
            outcomes.append(outcome)
            if outcome == "refused":
                return

    def deliver_slowly() -> None:
        slow.append(desk.deliver(payload(alert("held")), timeout=15).status)

    holder = pymysql.connect(
        host="127.0.0.1", port=database.port, user="sereno", password=PASSWORD, database="sereno", autocommit=False
    )
    with holder.cursor() as cursor:
        cursor.execute("SELECT * FROM alert_series WHERE fingerprint = 'held' FOR UPDATE")
    waiting = threading.Thread(target=deliver_slowly)
    waiting.start()
    wait_until(
        "the delivery waits for the row",
        lambda: database.run("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"),
    )
    askers = [threading.Thread(target=ask_on_and_on) for _ in range(12)]
    for asker in askers:
        asker.start()
    wait_until("there is load", lambda: len(outcomes) > 200)
    process = desk.processes["webapp"]
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    for asker in askers:
        asker.join(15)
    refused_after = time.monotonic() - began
    assert process.poll() is None, "it did not wait for the delivery under way"
    holder.rollback()
    holder.close()
    waiting.join(15)
    stopped = desk.stop("webapp", seconds=11)
    stop.set()
    assert slow == [200]
    assert [outcome for outcome in outcomes if outcome.startswith("lost")] == []
    assert stopped == 0
    # Newcomers are turned away at once instead of waiting in a queue that nobody serves.
    assert refused_after < 2.5


def test_an_idle_desk_stops_within_three_seconds_and_leaves_no_process(desk: DeskServer) -> None:
    family = psutil.Process(desk.processes["webapp"].pid).children(recursive=True)
    began = time.monotonic()
    assert desk.stop("webapp") == 0
    assert time.monotonic() - began < 3
    assert not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def samples(desk: DeskServer) -> dict[str, float]:
    """Every sample of /metrics by its name with labels."""
    lines = [line for line in desk.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_requests_are_counted_whichever_process_answers(desk: DeskServer) -> None:
    def answered() -> float:
        return samples(desk).get('sereno_http_requests_total{method="GET",route="/healthz",status="200"}', 0)

    before = answered()
    askers = [threading.Thread(target=lambda: [exchange(desk.port) for _ in range(25)]) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(20)
    assert answered() == before + 200
    seen = samples(desk)
    duration = 'sereno_http_request_duration_seconds_count{method="GET",route="/healthz"}'
    assert seen[duration] == before + 200
    pids = {re.search(r"_(\d+)\.db", file.name)[1] for file in (desk.folder / "metrics").glob("counter_*.db")}  # type: ignore[index]
    assert len(pids) >= 3, "both processes have answered"


def test_the_promised_names_are_there_with_their_labels(desk: DeskServer) -> None:
    desk.deliver(payload(alert("a"), alert("b")))
    desk.get("/no-such-page")
    seen = samples(desk)
    assert seen["sereno_alerts_received_total"] == 2
    assert seen['sereno_build_info{version="0.1.0"}'] == 1
    assert seen['sereno_http_requests_total{method="GET",route="unmatched",status="404"}'] == 1
    assert seen['sereno_http_requests_total{method="POST",route="/api/v1/alertmanager",status="200"}'] == 1
    assert seen["sereno_database_query_duration_seconds_count"] > 0
    assert seen['sereno_database_pool_connections{state="in_use"}'] == 0
    assert seen['sereno_database_pool_connections{state="idle"}'] >= 1


def test_a_killed_process_is_replaced_its_counts_stay_and_its_gauges_go(desk: DeskServer) -> None:
    for _ in range(40):
        desk.deliver(payload(alert("a")))
    before = samples(desk)
    master = psutil.Process(desk.processes["webapp"].pid)

    def serving() -> list[psutil.Process]:
        # A child has its parent's command line for a moment, until it becomes what boots the database.
        children = [each for each in master.children() if "boot" not in " ".join(each.cmdline())]
        return children if len(children) == 2 else []

    old = wait_until("only the two that serve are left", serving)
    for each in old:
        os.kill(each.pid, signal.SIGKILL)
    wait_until(
        "both are replaced",
        lambda: (
            len({each.pid for each in master.children()} - {each.pid for each in old}) >= 2
            and desk.get("/healthz").status == 200
        ),
    )
    after = samples(desk)
    key = 'sereno_http_requests_total{method="POST",route="/api/v1/alertmanager",status="200"}'
    assert after[key] == before[key] == 40
    assert after.get('sereno_database_pool_connections{state="idle"}', 0) < 2
    assert after.get("sereno_alerts_received_total") == 40


def test_a_new_start_counts_from_nought(desk: DeskServer) -> None:
    desk.deliver(payload(alert("a")))
    desk.stop("webapp")
    desk.start()
    assert "sereno_alerts_received_total" not in samples(desk) or samples(desk)["sereno_alerts_received_total"] == 0


def test_the_log_is_one_json_object_per_line_and_ties_a_failure_to_its_request(
    desk: DeskServer, database: MariaDb
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    database.kill()
    try:
        answer = desk.get(
            "/alerts/1",
            X_Request_ID="request-from-nginx-1",
            Cookie="sereno_session=x",
            traceparent=f"00-{trace}-b7ad6b7169203331-01",
        )
        assert answer.status == 503
        assert answer.headers["X-Request-ID"] == "request-from-nginx-1"
    finally:
        database.start()
    lines = [json.loads(line) for line in (desk.folder / "webapp.log").read_text().splitlines()]
    assert all({"timestamp", "level", "message", "process"} <= set(line) for line in lines)
    (failure,) = [line for line in lines if line.get("request_id") == "request-from-nginx-1"]
    assert (failure["trace_id"], failure["level"], failure["path"]) == (trace, "error", "/alerts/1")
