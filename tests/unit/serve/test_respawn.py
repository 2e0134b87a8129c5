import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.equipment.monitoring import wait_until

from sereno.serve.native.deaths import append, death_of, end_orphans, fields
from sereno.serve.native.respawn import count_recent, pause_seconds

NOW = 10_000.0

SUPERVISOR = """
import os, subprocess
component = ["/bin/sh", "-c", "sleep 60 & echo $!; wait"]
first = subprocess.Popen(component, process_group=0, stdout=subprocess.PIPE, text=True)
second = subprocess.Popen(["sleep", "60"], process_group=0)
print(first.pid, first.stdout.readline().strip(), second.pid, flush=True)
first.wait()
print("reaped", flush=True)
second.wait()
"""
"""Stands for Supervisor with two components, of which the first has a child."""


def line(at: float, component: str = "webapp", event: str = "exited") -> str:
    return json.dumps({"at": at, "component": component, "event": event})


@pytest.mark.parametrize(("deaths", "pause"), [(0, 0), (1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (100, 30)])
def test_the_pause_doubles_up_to_half_a_minute(deaths: int, pause: int) -> None:
    assert pause_seconds(deaths) == pause


def test_only_the_components_own_recent_deaths_count() -> None:
    lines = [line(NOW - 301), line(NOW - 299), line(NOW - 5, "mysql"), line(NOW - 1), '{"half a li']
    assert count_recent(lines, "webapp", NOW) == 2


def test_a_start_that_was_asked_for_forgets_what_was_before() -> None:
    lines = [line(NOW - 9), line(NOW - 8), line(NOW - 7, event="asked"), line(NOW - 6)]
    assert count_recent(lines, "webapp", NOW) == 1


def test_an_event_of_supervisor_becomes_a_line() -> None:
    header = fields("ver:3.0 eventname:PROCESS_STATE_EXITED len:70")
    payload = fields("processname:nginx groupname:nginx from_state:RUNNING expected:0 pid:42")
    assert death_of(header, payload, NOW) == {"at": NOW, "component": "nginx", "pid": 42, "event": "exited"}


def test_on_a_full_disk_a_death_goes_unwritten_and_the_listener_lives() -> None:
    append(Path("/dev/full"), {"component": "nginx"})


def test_what_a_killed_component_has_left_is_ended_and_nothing_else() -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    master, worker, other = (psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split())
    end_orphans(supervisor.pid)
    assert {each.is_running() for each in (master, worker, other)} == {True}
    master.kill()
    assert supervisor.stdout.readline() == "reaped\n"
    end_orphans(supervisor.pid)
    wait_until("the worker has ended", lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 10)
    assert other.is_running()
    other.kill()
    supervisor.communicate()
