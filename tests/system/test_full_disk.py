"""A full disk under the running system: nothing acknowledged is lost, everything is told, and all goes on by itself.

The home lies on a file system of its own in memory. It is filled by taking away what is free, and emptied by giving it
back, so that nothing on the machine's own disk is touched.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest
from tests.equipment.desk_server import Answer, DeskServer, alert, payload, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

from sereno.outside.processes import Processes

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root")

ANSWER_SECONDS = 15
"""Whoever delivers is told within this time that it was in vain."""

BACK_SECONDS = 60


class SmallDisk:
    """A file system at a folder, of which a test takes away and gives back what is free."""

    def __init__(self, folder: Path, megabytes: int = 2048) -> None:
        self.folder = folder
        self._size = f"{megabytes}m"
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size},mode=755", "tmpfs", folder], check=True)

    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        """Take everything that is free, again until nothing is."""

        def is_full() -> bool:
            found = os.statvfs(self.folder)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            # Refused when somebody has taken more since it was counted.
            subprocess.run(["mount", "-o", f"remount,size={used}", self.folder], check=False, stderr=subprocess.DEVNULL)
            return self.free() == 0

        wait_until("the disk is full", is_full, 20)

    def empty(self) -> None:
        subprocess.run(["mount", "-o", f"remount,size={self._size}", self.folder], check=True)

    def close(self) -> None:
        # Its logs may be open for a moment after their writers' end.
        wait_until("nobody uses it any more", lambda: subprocess.run(["umount", self.folder]).returncode == 0, 20)


class Deliveries:
    """Delivers one alert after the other as Alertmanager does: each again until it is acknowledged."""

    def __init__(self, stack: NativeStack) -> None:
        self._url = f"http://127.0.0.1:{stack.ports['webapp']}/api/v1/alertmanager"
        self._token = stack.secret("alertmanager-token")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self.acknowledged: list[str] = []
        self._thread.start()

    def one(self, fingerprint: str) -> Answer:
        return request(
            "POST",
            self._url,
            body=json.dumps(payload(alert(fingerprint))).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            timeout=ANSWER_SECONDS,
        )

    def _go_on(self) -> None:
        while not self._stop.wait(0.02):
            fingerprint = f"n{len(self.acknowledged)}"
            try:
                if self.one(fingerprint).status == 200:
                    self.acknowledged.append(fingerprint)
            except (OSError, urllib.error.URLError, HTTPException):
                self._stop.wait(0.5)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(30)


@pytest.fixture
def disk_and_stack() -> Iterator[tuple[SmallDisk, NativeStack]]:
    # What would be prepared in the home would lie below the disk.
    stack = NativeStack(prepared=False)
    disk = SmallDisk(stack.home)
    try:
        stack.up()
        yield disk, stack
    finally:
        disk.empty()
        stack.sereno("down")
        Processes().end(list(Processes().left_in(stack.home)))
        disk.close()
        stack.close()


def stored(stack: NativeStack) -> set[str]:
    """The fingerprint of every alert that the desk has."""
    done = subprocess.run(
        ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(stack.ports["mysql"]), "-u", "sereno", "sereno",
         "-NBe", "SELECT fingerprint FROM alert"],
        env={**os.environ, "MYSQL_PWD": stack.secret("mysql-app-password")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


class Browser:
    """Keeps cookies and sends forms, as a person's browser."""

    def __init__(self, stack: NativeStack) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._url = stack.url
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def ask(self, path: str, form: dict[str, str] | None = None) -> Answer:
        sent = None if form is None else urllib.parse.urlencode(form).encode()
        asked = urllib.request.Request(self._url + path, data=sent, headers={"Referer": self._url + path})
        try:
            with self._opener.open(asked, timeout=ANSWER_SECONDS) as answer:
                return Answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), dict(error.headers))

    def sign_in(self, language: str) -> Answer:
        page = self.ask(f"/login?lang={language}")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None, page.text
        return self.ask("/login", {"csrf_token": token[1], "name": "admin", "password": "not the right one at all"})


def test_a_full_disk_is_told_and_borne_and_everything_goes_on_when_there_is_room(
    disk_and_stack: tuple[SmallDisk, NativeStack],
) -> None:
    disk, stack = disk_and_stack
    deliveries = Deliveries(stack)
    wait_until("alerts are delivered", lambda: len(deliveries.acknowledged) > 20, 60)
    wait_until("a copy of the page is kept", lambda: (stack.home / "www/status/es.html").exists(), 60)
    wait_until("Prometheus has measured", lambda: _measured(stack, 600) >= 2, 90)
    measured = _measured(stack, 600)
    kept_copy = (stack.home / "www/status/es.html").stat().st_size
    supervisor = (stack.home / "run/supervisord.pid").read_text()
    state, secret = (stack.home / "state.json").read_text(), stack.secret("mysql-app-password")

    disk.fill()
    began = time.monotonic()
    refused = deliveries.one("while-full")
    assert time.monotonic() - began < ANSWER_SECONDS
    assert refused.status == 503
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert "the disk is full" in refused.json["detail"]

    assert stack.get("/").status == 200
    browser = Browser(stack)
    for language, words in (("en", "The desk cannot store anything"), ("es", "no puede guardar nada")):
        page = browser.sign_in(language)
        assert page.status == 503
        assert words in page.text
        assert "Traceback" not in page.text

    _the_command_line_tells_of_it(stack)
    before = stack.pid("webapp")
    os.kill(before, signal.SIGKILL)
    wait_until("a killed desk comes back", lambda: stack.pid("webapp") not in (0, before), 30)
    wait_until("and answers", lambda: stack.get("/healthz").status == 200, 60)
    disk.fill()
    scrapes = _scrapes(stack)
    # The copies of the page are written as often as Prometheus scrapes.
    wait_until("every scrape has met the full disk", lambda: _scrapes(stack) > scrapes + 25, 90)
    assert stack.get("/").status == 200
    assert deliveries.one("while-full").status == 503
    told = stack.status()
    assert {name for name, row in told.items() if row["health"] not in ("healthy", "absent")} == set()
    assert (stack.home / "www/status/es.html").stat().st_size > kept_copy / 2
    assert (stack.home / "state.json").read_text() == state
    assert stack.secret("mysql-app-password") == secret

    count = len(deliveries.acknowledged)
    disk.empty()
    wait_until("deliveries are acknowledged again", lambda: len(deliveries.acknowledged) > count + 10, BACK_SECONDS)
    assert "The desk cannot store anything" not in Browser(stack).sign_in("en").text
    now = time.time()
    wait_until(
        "Prometheus measures again",
        lambda: float(stack.prometheus("query", query="max(timestamp(up))")["result"][0]["value"][1]) > now,
        90,
    )
    deliveries.end()
    assert not set(deliveries.acknowledged) - stored(stack)
    assert (stack.home / "run/supervisord.pid").read_text() == supervisor
    leftovers = [file.name for folder in ("", "run", "secrets", "www/status") for file in
                 (stack.home / folder).glob(".*.[0-9]*")]  # fmt: skip
    assert leftovers == []

    # What was measured before the disk was full is still there after a restart, which reads the journal again; of what
    # was measured after it, Prometheus 2.42 forgets what stands behind the line that had found no room.
    stack.must("restart", "prometheus")
    assert _measured(stack, 3600) >= measured


def _measured(stack: NativeStack, seconds: int) -> int:
    """How many measurements Prometheus has of itself in the last so many seconds."""
    result = stack.prometheus("query", query=f"count_over_time(up{{job='prometheus'}}[{seconds}s])")["result"]
    return int(result[0]["value"][1]) if result else 0


def _scrapes(stack: NativeStack) -> int:
    """How many scrapes Prometheus has begun, whether it could store them or not."""
    text = request("GET", f"http://127.0.0.1:{stack.ports['prometheus']}/metrics").text
    found = re.search(r'^prometheus_target_interval_length_seconds_count\{interval="15s"\} (\d+)', text, re.MULTILINE)
    return int(found[1]) if found else 0


def _the_command_line_tells_of_it(stack: NativeStack) -> None:
    shown = stack.sereno("status")
    assert "disk: 0 B free" in shown.out
    assert "make space" in shown.out
    examined = stack.sereno("doctor", "--json")
    disk = next(finding for finding in json.loads(examined.out) if finding["subject"] == "disk")
    assert examined.code == 1
    assert disk["verdict"] == "wrong"
    assert "make space" in disk["fix"]
    refused = stack.sereno("up")
    assert refused.code == 1
    assert "0 B free" in refused.err
    assert "next:" in refused.err
    for done in (shown, examined, refused, stack.sereno("restart", "blackbox-exporter")):
        assert "Traceback" not in done.out + done.err


def test_a_database_that_waits_for_room_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The desk looks at another disk here, as when the disk fills up between the look and a commit."""
    folder = Path(f"/tmp/sereno-test-disk-{os.getpid()}")
    disk = SmallDisk(folder, 1024)
    database, desk = None, None
    try:
        database = MariaDb(folder=folder).create()
        desk = DeskServer(tmp_path / "desk", database).start()
        assert desk.deliver(payload(alert("before"))).status == 200
        disk.fill()
        for number in range(6):
            began = time.monotonic()
            answer = desk.deliver(payload(alert(f"full{number}")), timeout=60)
            assert time.monotonic() - began < ANSWER_SECONDS
            if answer.status == 503:
                break
        assert answer.status == 503
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert desk.get("/readyz").status == 200
        disk.empty()
        # The server itself looks only once a minute whether there is room again.
        wait_until("it goes on", lambda: desk.deliver(payload(alert("after"))).status == 200, 60 + BACK_SECONDS)
        rows = {str(row[0]) for row in database.run("SELECT fingerprint FROM sereno.alert")}
        assert {"before", "after"} <= rows
    finally:
        disk.empty()
        if desk is not None:
            desk.close()
        if database is not None:
            database.close()
        disk.close()
        folder.rmdir()
