import json
import subprocess
from pathlib import Path

import psutil
import pytest
from tests.equipment.monitoring import wait_until

from sereno.serve.native.deaths import append, death_of, end_group, fields
from sereno.serve.native.respawn import count_recent, pause_seconds

NOW = 10_000.0


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


def test_what_a_killed_component_has_left_is_ended() -> None:
    leader = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 60 & echo $!; wait"], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert leader.stdout is not None
    child = psutil.Process(int(leader.stdout.readline()))
    leader.kill()
    leader.wait()
    assert child.is_running()
    end_group(leader.pid)
    wait_until("the child has ended", lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)
    end_group(leader.pid)
    leader.stdout.close()
