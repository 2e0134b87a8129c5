"""apt and dpkg: whom they wait for, what a killed installation leaves behind, and who may start services."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.outside import apt

HELD = """\
Reading package lists...
E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?
"""
HELD_FROM_DPKG = "dpkg: error: dpkg frontend lock was locked by another process with pid 4711\n"


@pytest.mark.parametrize(
    ("said", "holder"),
    [
        (HELD, "unattended-upgr (pid 812)"),
        (
            "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 99 (apt-get)\n"
            "E: Unable to lock directory /var/lib/apt/lists/\n",
            "apt-get (pid 99)",
        ),
        ("E: Could not get lock /var/lib/apt/lists/lock - open (11: Resource unavailable)\n", "another program"),
        (HELD_FROM_DPKG, "another program (pid 4711)"),
        ("dpkg: error: dpkg frontend lock was locked by /usr/bin/apt-get process with pid 9\n", "apt-get (pid 9)"),
        ("E: Unable to locate package nonsense\n", ""),
        ("", ""),
    ],
)
def test_the_holder_of_a_lock_is_named(said: str, holder: str) -> None:
    assert apt.holder_in(said) == holder


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "_POLL_SECONDS", 0.01)


def held_twice(folder: Path) -> list[str]:
    """A command that is refused the lock twice and then done."""
    program = folder / "apt-get"
    program.write_text(
        f'#!/bin/sh\necho x >> {folder}/tries\n[ "$(wc -l < {folder}/tries)" -gt 2 ] && exit 0\n'
        f"cat <<'END'\n{HELD}END\nexit 100\n"
    )
    program.chmod(0o755)
    return [str(program)]


@pytest.mark.usefixtures("patient")
def test_a_held_lock_is_waited_for_and_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    apt.run(held_twice(tmp_path), tmp_path / "log", told.append, failure="apt-get failed", next_step="")
    assert told == ["unattended-upgr (pid 812) is installing packages; waiting until it has finished"]


@pytest.mark.usefixtures("patient")
def test_it_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "_PATIENCE_SECONDS", 0)
    with pytest.raises(SerenoError, match=r"unattended-upgr \(pid 812\) has been installing") as refusal:
        apt.run(held_twice(tmp_path), tmp_path / "log", print, failure="apt-get failed", next_step="")
    assert "run this again" in refusal.value.next_step


def test_another_failure_is_told_at_once_with_its_own_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(HELD)  # Of an earlier run: no reason to wait now.
    with pytest.raises(SerenoError, match=r"apt-get failed \(exit code 3\)") as refusal:
        apt.run(["sh", "-c", "echo no network; exit 3"], log, print, failure="apt-get failed", next_step="look")
    assert (refusal.value.log_tail, refusal.value.next_step) == ("no network", "look")


@pytest.fixture
def ctrl_c_counts() -> Iterator[None]:
    """A shell's background job ignores Ctrl-C, and so would all that it starts: a shell could not even trap it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_counts")
def test_ctrl_c_waits_until_apt_has_come_to_a_good_end(tmp_path: Path) -> None:
    told: list[str] = []
    program = tmp_path / "apt-get"
    # It does not end at once when it is told to, and neither do we.
    program.write_text(f"#!/bin/sh\ntrap 'sleep 0.3; touch {tmp_path}/ended; exit 0' INT\ntouch {tmp_path}/began\n")
    with program.open("a") as file:
        file.write("while :; do sleep 0.05; done\n")
    program.chmod(0o755)

    def press() -> None:
        deadline = time.monotonic() + 20
        while not (tmp_path / "began").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        apt.run([str(program)], tmp_path / "log", told.append, failure="", next_step="")
    assert (tmp_path / "ended").exists()
    assert told == ["interrupted; ending as soon as that leaves no package half installed"]


def test_while_it_lasts_nothing_may_start_and_then_nothing_is_left(tmp_path: Path) -> None:
    policy = tmp_path / "usr/sbin/policy-rc.d"
    with apt.no_service_starts(print, tmp_path):
        assert "exit 101" in policy.read_text()
        assert policy.stat().st_mode & 0o777 == 0o755
        assert apt.is_left(tmp_path)
    assert not policy.exists()


def test_what_a_killed_one_has_left_is_taken_over_and_removed(tmp_path: Path) -> None:
    policy = tmp_path / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text(apt.POLICY)
    with apt.no_service_starts(print, tmp_path):
        assert policy.exists()
    assert not policy.exists()


def test_somebody_elses_policy_stays(tmp_path: Path) -> None:
    policy = tmp_path / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text("#!/bin/sh\nexit 101\n")
    with apt.no_service_starts(print, tmp_path):
        assert policy.read_text() == "#!/bin/sh\nexit 101\n"
    assert policy.read_text() == "#!/bin/sh\nexit 101\n"
    assert not apt.is_left(tmp_path)


@pytest.mark.usefixtures("patient")
def test_two_installations_take_turns(tmp_path: Path) -> None:
    policy = tmp_path / "usr/sbin/policy-rc.d"
    told: list[str] = []
    there: list[bool] = []

    def second() -> None:
        with apt.no_service_starts(told.append, tmp_path):
            there.append(policy.exists())

    with apt.no_service_starts(print, tmp_path):
        other = threading.Thread(target=second)
        other.start()
        deadline = time.monotonic() + 20
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not there
    other.join(20)
    assert "is installing packages" in told[0]
    assert "pid" in told[0]
    assert there == [True]
    assert not policy.exists()
