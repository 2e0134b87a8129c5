"""Nothing acknowledged is lost: real Gunicorn processes and a real MariaDB that is killed while they write."""

from __future__ import annotations

import threading
import time
import urllib.error
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest
from tests.equipment import mariadb
from tests.equipment.desk_server import FIRST_PASSWORD, DeskServer, alert, payload
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import wait_until

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
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


def stored(database: MariaDb) -> list[str]:
    return [str(row[0]) for row in database.run("SELECT fingerprint FROM sereno.alert ORDER BY fingerprint")]


def test_every_acknowledged_alert_survives_a_database_killed_in_the_middle(desk: DeskServer, database: MariaDb) -> None:
    desk.start()
    acknowledged: list[str] = []
    refused: list[int] = []
    stop = threading.Event()

    def deliver_on_and_on(sender: int) -> None:
        """As Alertmanager does: the same alert again until it is acknowledged, then the next."""
        number = 0
        while not stop.is_set():
            fingerprint = f"s{sender}n{number}"
            try:
                status = desk.deliver(payload(alert(fingerprint)), timeout=15).status
            except (OSError, urllib.error.URLError, HTTPException):
                status = 0
            if status == 200:
                acknowledged.append(fingerprint)
                number += 1
            else:
                refused.append(status)
                time.sleep(0.05)

    senders = [threading.Thread(target=deliver_on_and_on, args=(sender,)) for sender in range(6)]
    for sender in senders:
        sender.start()
    for _ in range(3):
        before = len(acknowledged)
        wait_until("deliveries go through", lambda before=before: len(acknowledged) > before + 40)
        database.kill()
        time.sleep(0.3)
        database.start()
    before = len(acknowledged)
    wait_until("deliveries go through again", lambda: len(acknowledged) > before + 40)
    stop.set()
    for sender in senders:
        sender.join(20)
    found = stored(database)
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
    # One delivery per sender and kill may be stored without its answer having arrived; it is then told again.
    assert set(refused) <= {503}, set(refused)
    assert refused, "the database was never away while something was delivered"


def test_the_same_delivery_three_times_is_stored_once(desk: DeskServer, database: MariaDb) -> None:
    desk.start()
    answers = [desk.deliver(payload(alert("a"), alert("b"))) for _ in range(3)]
    assert [answer.json["opened"] for answer in answers] == [2, 0, 0]
    assert stored(database) == ["a", "b"]


def test_while_the_database_is_away_the_desk_says_so_and_comes_back_by_itself(
    desk: DeskServer, database: MariaDb
) -> None:
    desk.start()
    database.kill()
    refused = desk.deliver(payload(alert("a")))
    assert refused.status == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Retry-After"]
    page = desk.get("/", Accept_Language="es")
    assert page.status == 503
    assert "Su base de datos" in page.text
    assert desk.get("/healthz").status == 200
    assert desk.get("/readyz").status == 503
    assert desk.get("/metrics").status == 200
    database.start()
    wait_until("the desk is ready again", lambda: desk.get("/readyz").status == 200)
    assert desk.deliver(payload(alert("a"))).status == 200
    # Each process asks the database at most every few seconds, so one of them may take a moment longer.
    wait_until("the page is answered", lambda: desk.get("/").status == 200)


def test_a_desk_that_starts_before_its_database_waits_and_makes_everything_when_it_comes(
    desk: DeskServer, database: MariaDb
) -> None:
    database.stop()
    desk.start(until=None)
    assert desk.get("/healthz").status == 200
    waiting = desk.get("/readyz")
    assert (waiting.status, waiting.json["status"]) == (503, "waiting")
    database.start()
    wait_until("the desk is ready", lambda: desk.get("/readyz").status == 200)
    wait_until("the first administrator is made", lambda: database.run("SELECT name FROM sereno.user") == [("admin",)])
    assert desk.deliver(payload(alert("a"))).status == 200
    assert FIRST_PASSWORD not in desk.log("webapp")


def test_a_schema_from_a_later_program_is_told_in_words(desk: DeskServer, database: MariaDb) -> None:
    desk.start()
    desk.stop("webapp")
    database.run("UPDATE sereno.alembic_version SET version_num = '9001'")
    desk.start(until=None)
    told = desk.get("/readyz")
    assert (told.status, told.json["status"]) == (503, "refused")
    assert "9001" in told.json["detail"]
    wait_until("the log names the next step", lambda: "start the newer version of Sereno" in desk.log("webapp"))


def test_two_desks_that_start_together_make_one_schema_and_one_administrator(
    desk: DeskServer, database: MariaDb, tmp_path: Path
) -> None:
    other = DeskServer(tmp_path / "other", database)
    try:
        starters = [threading.Thread(target=each.start) for each in (desk, other)]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join(40)
        wait_until("there is an administrator", lambda: database.run("SELECT COUNT(*) FROM sereno.user") == [(1,)])
        assert [each.get("/readyz").status for each in (desk, other)] == [200, 200]
        assert '"level": "error"' not in desk.log("webapp") + other.log("webapp")
    finally:
        other.close()
