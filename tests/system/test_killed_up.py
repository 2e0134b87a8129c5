"""`./sereno up` killed at one moment after the other, natively: run again it mends what was half made."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import ROOT, NativeStack

from sereno.outside.processes import Processes

UP_SECONDS = 240
Kill = Callable[[subprocess.Popen[bytes]], None]


@pytest.fixture
def stack() -> Iterator[NativeStack]:
    """A home of its own, with nothing in it."""
    made = NativeStack(prepared=False)
    yield made
    made.close()


def alone(command: subprocess.Popen[bytes]) -> None:
    """End the command; what it has started goes on."""
    command.kill()


def with_all_it_started(command: subprocess.Popen[bytes]) -> None:
    """End the command and every process below it."""
    for each in [*psutil.Process(command.pid).children(recursive=True), psutil.Process(command.pid)]:
        each.kill()


def up_until(stack: NativeStack, what: str, look: Callable[[], object], kill: Kill) -> str:
    """Start `./sereno up`, kill it as soon as `look` sees something, and return what it has told."""
    narration = stack.folder / "narration"
    with narration.open("wb") as stream:
        command = subprocess.Popen(
            [str(ROOT / "sereno"), "up", "--on", "native", "--lab"],
            env=stack.environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    deadline = time.monotonic() + UP_SECONDS
    try:
        # A moment may be short: this looks often.
        while not look():
            assert command.poll() is None, f"it has ended before {what}:\n{narration.read_text()}"
            assert time.monotonic() < deadline, f"never came: {what}\n{narration.read_text()}"
            time.sleep(0.01)
    finally:
        kill(command)
        command.wait(10)
    return narration.read_text()


def examples(stack: NativeStack) -> set[tuple[str, str]]:
    """The probes that somebody has added, each with its state."""
    return {(each["name"], each["state"]) for each in json.loads(stack.must("watch", "--list", "--json").out)}


def test_killed_at_any_moment_it_comes_up_when_run_again(stack: NativeStack) -> None:
    home = stack.home

    def there(pattern: str) -> Callable[[], object]:
        return lambda: list(home.glob(pattern))

    def told(words: str) -> Callable[[], object]:
        return lambda: words in (stack.folder / "narration").read_text()

    # The launcher: the virtual environment, first while pip fills it, and its orphan is waited for.
    up_until(stack, "the environment is begun", there("environments/*/lib/*/site-packages/sqlalchemy"), alone)
    up_until(stack, "the program is being installed", there("programs/*.partial"), with_all_it_started)

    # The database's own tables, half made.
    up_until(stack, "a database is begun", there("data/mysql.new*/*"), alone)
    up_until(stack, "a database is begun again", there("data/mysql.new*/*"), with_all_it_started)
    assert not (home / "data/mysql/mysql").exists()

    # Supervisor, and each component, as they start.
    up_until(stack, "the supervisor starts", told("starting the supervisor"), alone)
    up_until(stack, "the desk starts", told("starting webapp"), alone)
    up_until(stack, "the exporters start", told("starting mysqld-exporter"), with_all_it_started)

    said = stack.must("up", "--lab").out
    # It was the classroom's from the first, and still is.
    assert "classroom set-up (--lab)" in said
    assert "admin / admin123" in said
    assert stack.secret("grafana-admin-password") == "admin123"
    assert stack.secret("first-admin-password") != "admin123"
    assert all(row["health"] in ("healthy", "absent") for row in stack.status().values())
    wanted = {("example-https-port", "up"), ("example-sign-in", "up")}
    wait_until("the examples are measured", lambda: examples(stack) == wanted, 60)
    # Once more, since what a killed one had started may just have ended.
    assert "starting" not in stack.up().err
    assert not there("data/mysql.new*")()
    assert not there("programs/*.partial")()
    supervisors = [pid for pid, name in Processes().left_in(home).items() if not name]
    assert len(supervisors) == 1
    family = set(Processes().left_in(home))
    stack.must("down")
    assert not Processes().left_in(home)
    assert not [pid for pid in family if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
