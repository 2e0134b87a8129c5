"""From an alert to a message that arrives: real desk, worker, database and receivers, and what may go wrong between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.equipment import mariadb
from tests.equipment.desk_server import DeskServer, alert, payload
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import wait_until
from tests.equipment.receivers import Mailbox, Receiver

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    server = MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def database(server: MariaDb) -> MariaDb:
    if server.process is None or server.process.poll() is not None:
        server.start()
    server.empty()
    return server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    found = Mailbox()
    yield found
    found.close()


@pytest.fixture
def desk(tmp_path: Path, database: MariaDb, receiver: Receiver, mailbox: Mailbox) -> Iterator[DeskServer]:
    settings = tmp_path / "sereno.toml"
    settings.write_text(
        f"""\
[site]
public_url = "https://desk.example"
[[notify.channels]]
name = "hook"
url = "json://127.0.0.1:{receiver.port}/s3cret-word"
[[notify.channels]]
name = "mail"
url = "mailto://127.0.0.1:{mailbox.port}/?from=desk@example.org&to=ana@example.org&mode=insecure"
"""
    )
    server = DeskServer(tmp_path / "desk", database, extra={"SERENO_SETTINGS": str(settings)}).start()
    yield server
    server.close()


def titles(receiver: Receiver) -> list[str]:
    return [call.json["title"] for call in receiver.calls]


def states(database: MariaDb) -> list[tuple[str, str]]:
    return [(str(a), str(b)) for a, b in database.run("SELECT channel, state FROM sereno.notice ORDER BY channel, id")]


def child_of(desk: DeskServer) -> psutil.Process | None:
    """The process that sends, while there is one."""
    for process in psutil.Process(desk.processes["worker"].pid).children(recursive=True):
        try:
            if "sereno.worker.notifier" in process.cmdline():
                return process
        except psutil.Error:
            continue
    return None


def test_an_alert_reaches_both_channels_with_a_link(
    desk: DeskServer, database: MariaDb, receiver: Receiver, mailbox: Mailbox
) -> None:
    desk.start_worker()
    desk.deliver(payload(alert("a")))
    wait_until("the hook is called", lambda: bool(receiver.calls), 30)
    wait_until("the mail arrives", lambda: bool(mailbox.mails), 30)
    (call,) = receiver.calls
    assert "https://desk.example/incidents/1" in call.json["message"]
    assert call.json["title"].startswith("[critical] Opened: ")
    wait_until("both are noted", lambda: [state for _, state in states(database)] == ["sent", "sent"])
    kinds = [str(row[0]) for row in database.run("SELECT kind FROM sereno.incident_event ORDER BY id")]
    assert kinds.count("notice") == 2
    desk.deliver(payload(alert("a")))
    assert "s3cret-word" not in desk.log("worker") + desk.log("webapp")


def test_a_channel_that_fails_is_tried_again_until_it_works(
    desk: DeskServer, database: MariaDb, receiver: Receiver
) -> None:
    receiver.status = 500
    desk.start_worker()
    desk.deliver(payload(alert("a")))
    wait_until("the failure is noted", lambda: ("hook", "failed") in states(database), 30)
    wait_until("the other one has it", lambda: ("mail", "sent") in states(database), 30)
    receiver.status = 200
    database.run("UPDATE sereno.notice SET next_try_at = '2020-01-01'")
    wait_until("it is sent", lambda: states(database) == [("hook", "sent"), ("mail", "sent")], 30)
    tried = database.run("SELECT outcome FROM sereno.notice_attempt a JOIN sereno.notice n ON n.id = a.notice_id "
                         "WHERE channel = 'hook' ORDER BY a.id")  # fmt: skip
    assert tried == [("failed",), ("sent",)]


def test_a_refusal_for_good_is_given_up(desk: DeskServer, database: MariaDb, receiver: Receiver) -> None:
    receiver.status = 404
    desk.start_worker()
    desk.deliver(payload(alert("a")))
    wait_until("it is given up", lambda: ("hook", "given-up") in states(database), 30)
    assert len(receiver.calls) == 1


def test_a_worker_killed_between_sending_and_recording_doubles_at_most_one_message_and_loses_none(
    desk: DeskServer, database: MariaDb, receiver: Receiver
) -> None:
    receiver.delay_seconds = 2
    desk.start_worker()
    desk.deliver(payload(alert("a")))
    wait_until("the message has arrived", lambda: bool(receiver.calls), 30)
    # Before its answer is read, so nothing of it is noted.
    worker = desk.processes.pop("worker")
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    assert ("hook", "queued") in states(database)
    receiver.delay_seconds = 0
    # The claim of the dead ends by itself after two minutes; nobody waits for them here.
    database.run("UPDATE sereno.notice SET claimed_at = '2020-01-01' WHERE claimed_at IS NOT NULL")
    desk.start_worker()
    wait_until("it is noted as sent", lambda: ("hook", "sent") in states(database), 40)
    assert len(receiver.calls) == 2
    tried = [str(row[0]) for row in database.run(
        "SELECT outcome FROM sereno.notice_attempt a JOIN sereno.notice n ON n.id = a.notice_id "
        "WHERE channel = 'hook' ORDER BY a.id")]  # fmt: skip
    assert tried == ["interrupted", "sent"]


def test_the_child_killed_before_it_sends_loses_nothing(
    desk: DeskServer, database: MariaDb, receiver: Receiver, mailbox: Mailbox
) -> None:
    desk.start_worker()
    desk.deliver(payload(alert("a")))
    wait_until("somebody sends", lambda: child_of(desk) is not None, 30)
    child = child_of(desk)
    if child is not None:
        child.kill()
    wait_until("what it had is noted", lambda: "queued" not in dict(states(database)).values(), 30)
    database.run("UPDATE sereno.notice SET next_try_at = '2020-01-01'")
    wait_until("both are sent", lambda: [state for _, state in states(database)] == ["sent", "sent"], 40)
    assert 1 <= len(receiver.calls) <= 2 and 1 <= len(mailbox.mails) <= 2


def test_of_two_workers_one_sends(desk: DeskServer, database: MariaDb, receiver: Receiver, tmp_path: Path) -> None:
    other = DeskServer(tmp_path / "other", database, extra=desk.extra, prometheus_url=desk.prometheus_url)
    other.port = desk.port
    try:
        desk.start_worker()
        other.start_worker()
        for number in range(5):
            desk.deliver(payload(alert(f"a{number}"), groupKey=f"group {number}"))
        wait_until("all are sent", lambda: [s for c, s in states(database) if c == "hook"] == ["sent"] * 5, 60)
        assert len(receiver.calls) == 5
    finally:
        other.close()


def test_while_the_database_is_away_nothing_is_lost(desk: DeskServer, database: MariaDb, receiver: Receiver) -> None:
    receiver.delay_seconds = 2
    desk.start_worker()
    desk.deliver(payload(alert("a")))
    wait_until("the message is under way", lambda: bool(receiver.calls), 30)
    database.kill()
    receiver.delay_seconds = 0
    wait_until("the child has ended", lambda: child_of(desk) is None, 30)
    database.start()
    # The worker kept what came of it, so that it is not sent a second time.
    wait_until("it is noted", lambda: ("hook", "sent") in states(database), 40)
    assert len(receiver.calls) == 1


def test_opened_and_ended_while_no_worker_ran_is_one_message(
    desk: DeskServer, database: MariaDb, receiver: Receiver
) -> None:
    desk.deliver(payload(alert("a")))
    database.run(
        "INSERT INTO sereno.incident_event (incident_id, at, kind, actor, text, details, public, pending) "
        "SELECT id, NOW(6), 'resolved', 'alertmanager', '', '{}', 0, 1 FROM sereno.incident"
    )
    desk.start_worker()
    wait_until("the hook is called", lambda: bool(receiver.calls), 30)
    assert titles(receiver)[0].startswith("[critical] Opened · Resolved: ")
    wait_until("it is noted", lambda: ("hook", "sent") in states(database))
    assert len(receiver.calls) == 1


def test_channels_are_tried_by_a_command(desk: DeskServer, receiver: Receiver, mailbox: Mailbox) -> None:
    def typed(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sereno.cli", "notify", "test", *more],
            env=desk.environment("worker"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    done = typed("--json")
    assert done.returncode == 0, done.stderr
    assert [(each["channel"], each["sent"]) for each in json.loads(done.stdout)] == [("hook", True), ("mail", True)]
    assert titles(receiver) == ["Sereno: Test of notices"] and len(mailbox.mails) == 1
    receiver.status = 404
    refused = typed("--channel", "hook")
    assert refused.returncode == 1 and "error=404" in refused.stdout
    assert "s3cret-word" not in refused.stdout + refused.stderr
    unknown = typed("--channel", "fax")
    assert unknown.returncode == 2 and "known: hook, mail" in unknown.stderr
