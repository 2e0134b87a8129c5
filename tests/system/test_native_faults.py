"""What goes wrong natively, and that it is told and mended: killed supervisors, orphans, crash loops, wrong files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

from sereno.outside.processes import Processes


@pytest.fixture(scope="module")
def faulty() -> Iterator[NativeStack]:
    """A running system for the tests of this file, each of which leaves it running."""
    stack = NativeStack()
    try:
        stack.up()
        yield stack
    finally:
        stack.close()


def kill_supervisor(stack: NativeStack) -> set[int]:
    """End Supervisor by force; the pids of what it has left."""
    os.kill(int((stack.home / "run/supervisord.pid").read_text()), signal.SIGKILL)
    wait_until("Supervisor is gone", lambda: "" not in Processes().left_in(stack.home).values(), 10)
    return set(Processes().left_in(stack.home))


def test_up_ends_what_a_killed_supervisor_has_left_and_starts_everything_anew(faulty: NativeStack) -> None:
    orphans = kill_supervisor(faulty)
    assert len(orphans) > 10
    told = faulty.up().err
    assert "ending what an earlier supervisor has left" in told
    assert "mysql" in told
    assert not orphans & set(Processes().left_in(faulty.home))
    assert all(row["health"] in ("healthy", "absent") for row in faulty.status().values())


def test_down_ends_what_a_killed_supervisor_has_left(faulty: NativeStack) -> None:
    orphans = kill_supervisor(faulty)
    done = faulty.must("down")
    assert done.out == "stopped\n"
    assert not [pid for pid in orphans if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    again = faulty.must("down")
    assert again.out == "nothing was running\n"
    faulty.up()


def test_down_before_any_up_says_that_there_is_nothing_to_stop(faulty: NativeStack, tmp_path: Path) -> None:
    # The environment of Python is borrowed, so that the launcher need not make one.
    (tmp_path / "home").mkdir()
    for folder in ("environments", "programs"):
        (tmp_path / "home" / folder).symlink_to(faulty.home / folder)
    done = faulty.must("down", SERENO_HOME=str(tmp_path / "home"))
    assert "nothing to stop" in done.out


@pytest.mark.parametrize("seconds", [0, 6], ids=["just started", "long running"])
def test_a_killed_master_of_nginx_leaves_no_workers_that_keep_its_ports(faulty: NativeStack, seconds: int) -> None:
    faulty.must("restart", "nginx")
    master = faulty.pid("nginx")
    began = psutil.Process(master).create_time()
    wait_until("it has run for so long", lambda: time.time() - began >= seconds, 20)
    workers = psutil.Process(master).children()
    os.kill(master, signal.SIGKILL)
    wait_until("the old workers have ended", lambda: not any(worker.is_running() for worker in workers), 10)
    wait_until("a new one answers", lambda: faulty.get("/_alive").status == 200, 20)
    assert psutil.Process(faulty.pid("nginx")).children()
