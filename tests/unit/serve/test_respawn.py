import json

import pytest

from sereno.serve.native.deaths import death_of, fields
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
