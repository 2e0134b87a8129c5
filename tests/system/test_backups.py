"""Backups of the whole system: made under writes, proven, restored elsewhere and over what is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pymysql
import pytest
from tests.equipment.desk_server import request
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

PASSPHRASE = "five words are easily remembered"


@pytest.fixture(scope="module")
def origin() -> Iterator[NativeStack]:
    """The machine whose backups are made; it has a user of its own, signed in once."""
    stack = NativeStack()
    try:
        stack.up()
        yield stack
    finally:
        stack.close()


def connect(stack: NativeStack) -> pymysql.connections.Connection[Any]:
    return pymysql.connect(
        host="127.0.0.1",
        port=stack.ports["mysql"],
        user="sereno",
        password=stack.secret("mysql-app-password"),
        database="sereno",
        autocommit=True,
    )


def rows(stack: NativeStack, statement: str, *values: object) -> list[Any]:
    connection = connect(stack)
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        found = [row[0] for row in cursor.fetchall()]
    connection.close()
    return found


def folder(stack: NativeStack) -> Path:
    return stack.home / "data/backups"


def backup(stack: NativeStack, **more: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(stack.must("backup", "now", "--json", **more).out)
    return made


class Writer:
    """Writes audit entries, as fast as it can, and remembers which were acknowledged when."""

    def __init__(self, stack: NativeStack) -> None:
        self._stack = stack
        self._stop = Event()
        self.acknowledged: list[str] = []
        self._thread = Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        wait_until("the first rows are written", lambda: len(self.acknowledged) > 50, 30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def _write(self) -> None:
        connection = connect(self._stack)
        number = 0
        while not self._stop.is_set():
            subject = f"test:{number}"
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO audit_entry (at, actor, address, action, subject) "
                    "VALUES (UTC_TIMESTAMP(6), 'Ñandú', '', 'test', %s)",
                    (subject,),
                )
            self.acknowledged.append(subject)
            number += 1
        connection.close()


def test_a_backup_under_writes_restores_elsewhere_with_every_row_that_was_acknowledged(origin: NativeStack) -> None:
    password = origin.must("user", "add", "carla", "--role", "operator").out.strip()
    connection = connect(origin)
    with connection.cursor() as cursor:
        cursor.execute("CREATE VIEW seen AS SELECT name FROM user")
        cursor.execute("CREATE PROCEDURE look() SELECT COUNT(*) FROM user")
        cursor.execute("CREATE EVENT later ON SCHEDULE EVERY 1 YEAR DO DELETE FROM login_failure")
    connection.close()
    with Writer(origin) as writer:
        before = list(writer.acknowledged)
        made = backup(origin)
        after = list(writer.acknowledged)
    assert len(after) > len(before), "nobody was kept from writing for long"
    assert made["proof"]["good"], made
    file = folder(origin) / made["name"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"{made['sha256']}  {made['name']}\n" == Path(f"{file}.sha256").read_text()

    elsewhere = NativeStack()
    try:
        # As one would carry it there, into a home in which nothing has ever been.
        carried = shutil.copy(file, elsewhere.folder / made["name"])
        said = elsewhere.must("backup", "restore", str(carried), "--on", "native", "--yes")
        assert f"restored {made['rows']} rows" in said.out
        restored = rows(elsewhere, "SELECT subject FROM audit_entry WHERE action = 'test' ORDER BY id")
        assert restored == after[: len(restored)], "a row is there that was not acknowledged in this order"
        assert len(restored) >= len(before), "an acknowledged row is missing"
        assert rows(elsewhere, "SELECT DISTINCT actor FROM audit_entry WHERE action = 'test'") == ["Ñandú"]
        assert "carla" in rows(elsewhere, "SELECT name FROM seen")
        assert rows(elsewhere, "SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'sereno'")
        assert rows(elsewhere, "SELECT event_name FROM information_schema.events WHERE event_schema = 'sereno'")
        assert elsewhere.secret("desk-secret-key") == origin.secret("desk-secret-key")
        assert sign_in(elsewhere, "carla", password) in (200, 201, 204)
        assert {row["health"] for row in elsewhere.status().values()} <= {"healthy", "absent"}
    finally:
        elsewhere.close()


def sign_in(stack: NativeStack, name: str, password: str) -> int:
    answer = stack.ask(
        "POST",
        stack.url + "/api/v1/session",
        body=json.dumps({"name": name, "password": password}).encode(),
        headers={"Content-Type": "application/json"},
    )
    return answer.status


def test_restoring_over_what_is_there_keeps_the_old_beside_it(origin: NativeStack) -> None:
    made = backup(origin)
    origin.must("user", "add", "later")
    done = json.loads(origin.must("backup", "restore", str(folder(origin) / made["name"]), "--yes", "--json").out)
    assert "later" not in rows(origin, "SELECT name FROM user")
    old = Path(done["old"])
    assert (old / "data/mysql/mysql").is_dir() and (old / "secrets/desk-secret-key").is_file()
    assert old.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(old)


def test_one_that_does_not_become_healthy_is_taken_back(origin: NativeStack) -> None:
    made = backup(origin)
    origin.must("user", "add", "stays")
    # An exporter cannot start: its port is somebody else's by the time the restored system is started.
    blocked = origin.ports["mysqld-exporter"]
    with Squatter(origin, blocked):
        done = origin.sereno("backup", "restore", str(folder(origin) / made["name"]), "--yes")
    assert done.code == 1, done.err
    assert "the old is in its place again" in done.err
    origin.up()
    assert "stays" in rows(origin, "SELECT name FROM user")
    (failed,) = origin.home.glob("failed-restore-*")
    assert (failed / "data/mysql").is_dir()
    shutil.rmtree(failed)


class Squatter:
    """Takes a port as soon as it is free, so that a component cannot start on it."""

    def __init__(self, stack: NativeStack, port: int) -> None:
        code = (
            "import socket,time,sys\n"
            f"while True:\n s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
            f" try:\n  s.bind(('127.0.0.1', {port})); s.listen(); time.sleep(600)\n"
            " except OSError:\n  time.sleep(0.01)\n"
        )
        self._process = subprocess.Popen(["python3", "-c", code])

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def test_an_encrypted_backup_opens_with_its_passphrase_alone(origin: NativeStack) -> None:
    phrase = origin.folder / "phrase"
    phrase.write_text(PASSPHRASE + "\n")
    setting = {"SERENO_BACKUP__PASSPHRASE_FILE": str(phrase)}
    origin.must("up", "--on", "native", **setting)
    made = backup(origin, **setting)
    file = folder(origin) / made["name"]
    assert made["sealed"] and made["proof"]["good"] and file.name.endswith(".tar.age")
    assert origin.secret("desk-secret-key").encode() not in file.read_bytes()

    refused = origin.sereno("backup", "verify", str(file))
    assert refused.code != 0 and "--passphrase-file" in refused.err
    wrong = origin.folder / "wrong"
    wrong.write_text("these are not the words at all")
    refused = origin.sereno("backup", "restore", str(file), "--yes", "--passphrase-file", str(wrong))
    assert refused.code != 0 and "does not open" in refused.err
    assert f"{made['rows']} rows" in origin.must("backup", "verify", str(file), "--passphrase-file", str(phrase)).out
    origin.up()


def test_a_changed_file_is_refused_and_nothing_is_touched(origin: NativeStack) -> None:
    made = backup(origin)
    content = bytearray((folder(origin) / made["name"]).read_bytes())
    content[content.rindex(b"database.sql.gz") + 600] ^= 1
    spoilt = origin.folder / "spoilt.tar"
    spoilt.write_bytes(content)
    pid = origin.pid("mysql")
    for command in (["verify", str(spoilt)], ["restore", str(spoilt), "--yes"]):
        refused = origin.sereno("backup", *command)
        assert refused.code == 1 and "is not what the manifest says" in refused.err, refused.err
    assert origin.pid("mysql") == pid


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(origin: NativeStack) -> None:
    small = origin.folder / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], check=True)
    try:
        shutil.chown(small, *((("sereno",) * 2) if os.geteuid() == 0 else (os.getuid(), os.getgid())))
        refused = origin.sereno("backup", "now", SERENO_BACKUP__FOLDER=str(small))
        assert refused.code == 1
        assert "are free where" in refused.err and "keep_daily" in refused.err
        assert not list(small.glob("sereno-*"))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_one_killed_half_way_leaves_nothing_that_is_taken_for_a_backup(origin: NativeStack) -> None:
    before = {file.name for file in folder(origin).glob("sereno-*")}
    # Large enough that there is a middle.
    connection = connect(origin)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bulk (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT)")
        for _ in range(12):
            cursor.execute("INSERT INTO bulk (text) VALUES (%s)", (os.urandom(1_500_000).hex(),))
    process = subprocess.Popen(
        [str(Path(__file__).parents[2] / "sereno"), "backup", "now"], env=origin.environment, stderr=subprocess.PIPE
    )
    wait_until("the dump has begun", lambda: list(folder(origin).glob(".work-*/database.sql.gz")), 60)
    (maker,) = _at_work(origin)
    maker.kill()
    process.wait(30)
    assert {file.name for file in folder(origin).glob("sereno-*")} == before
    made = backup(origin)
    assert made["proof"]["good"]
    assert not list(folder(origin).glob(".work-*")) and not list(folder(origin).glob("*.partial"))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bulk")
    connection.close()


def _at_work(stack: NativeStack) -> list[psutil.Process]:
    """What makes or proves a backup of this stack now."""
    return [each for each in psutil.process_iter() if _is_keeper(each, stack)]


def _is_keeper(process: psutil.Process, stack: NativeStack) -> bool:
    try:
        words = " ".join(process.cmdline())
        return any(f"sereno.worker.{name}" in words for name in ("keeper", "prover")) and (
            process.environ().get("SERENO_KEPT") == str(stack.home)
        )
    except psutil.Error:
        return False


def test_an_operator_asks_on_the_page_and_the_worker_measures(origin: NativeStack) -> None:
    started = time.time()
    connection = connect(origin)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO backup_order (asked_at, asked_by, words) VALUES (UTC_TIMESTAMP(6), 'carla', '')")
        number = connection.insert_id()
    connection.close()
    wait_until(
        "the order has ended",
        lambda: rows(origin, "SELECT id FROM backup_order WHERE id = %s AND ended_at IS NOT NULL", number),
        120,
    )
    assert rows(origin, "SELECT words FROM backup_order WHERE id = %s", number) == [""]

    def measured() -> dict[str, float]:
        text = request("GET", f"http://127.0.0.1:{origin.ports['worker']}/metrics").body.decode()
        lines = (line.split() for line in text.splitlines() if line.startswith("sereno_backup_"))
        return {name.removeprefix("sereno_backup_"): float(value) for name, value in lines}

    wait_until(
        "the new backup is measured",
        lambda: measured()["last_success_timestamp_seconds"] >= started - 1 and measured()["last_proven"] == 1,
        60,
    )
    assert measured()["last_size_bytes"] > 10_000
    assert measured()["last_attempt_failed"] == 0


def test_a_worker_that_is_stopped_ends_the_backup_that_it_has_begun(origin: NativeStack) -> None:
    connection = connect(origin)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO backup_order (asked_at, asked_by, words) VALUES (UTC_TIMESTAMP(6), 'carla', '')")
        number = connection.insert_id()
    connection.close()
    wait_until("it has begun", lambda: _at_work(origin), 60)
    pid = origin.pid("worker")
    os.kill(pid, signal.SIGTERM)
    wait_until("nothing is left", lambda: not _at_work(origin), 30)
    wait_until(
        "the next worker has ended the order",
        lambda: rows(origin, "SELECT id FROM backup_order WHERE id = %s AND ended_at IS NOT NULL", number),
        120,
    )
    assert "broken off" in rows(origin, "SELECT words FROM backup_order WHERE id = %s", number)[0]
