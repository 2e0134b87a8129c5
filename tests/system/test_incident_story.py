"""The story on the whole system: a component stops, an incident opens by itself, somebody takes it and tells everyone,
the component comes back, the incident ends by itself; and the figures are right to the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

from sereno.core.clock import parse_rfc3339, utc_now

HOLD_DOWN = timedelta(seconds=10)
STOPPED = "node-exporter"


@pytest.fixture(scope="module")
def quick() -> Iterator[NativeStack]:
    """A system that looks often and does not wait long."""
    running = NativeStack(
        settings={
            "SERENO_PROMETHEUS__SCRAPE_INTERVAL": "5s",
            "SERENO_INCIDENTS__HOLD_DOWN": "10s",
            "SERENO_INCIDENTS__REOPEN_WINDOW": "1m",
        }
    )
    try:
        running.up()
        yield running
    finally:
        running.close()


class Program:
    """A program with a token of its own, by the API through Nginx."""

    def __init__(self, stack: NativeStack) -> None:
        self._stack = stack
        scopes = ("incidents:read", "incidents:write", "status:write", "read")
        options = [option for scope in scopes for option in ("--scope", scope)]
        made = json.loads(stack.must("token", "add", "story", *options, "--json").out)
        self._headers = {"Authorization": f"Bearer {made['token']}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's members; any status but 2xx fails."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self._stack.ask(method, f"{self._stack.url}/api/v1{path}", body=sent, headers=self._headers)
        assert 200 <= answer.status < 300, f"{method} {path}: {answer.status} {answer.text}"
        return answer.json

    def incident(self) -> dict[str, Any] | None:
        """The incident of the component that was stopped, if there is one."""
        items = self.call("GET", "/incidents")["items"]
        return next((each for each in items if STOPPED in each["components"]), None)


def moment(text: str) -> datetime:
    return parse_rfc3339(text)


def test_from_the_fault_to_the_end(quick: NativeStack) -> None:
    program = Program(quick)
    wait_until("Node Exporter is scraped", lambda: _is_up(quick), 60)
    assert program.incident() is None
    stopped_at = utc_now()
    quick.must("stop", STOPPED)
    wait_until("an incident opens by itself", program.incident, 90)
    incident = program.incident()
    assert incident is not None
    own = f"/incidents/{incident['id']}"
    assert (incident["state"], incident["severity"], incident["owner"]) == ("open", "critical", None)
    opened_at = moment(incident["opened_at"])
    (told,) = [alert for alert in program.call("GET", own)["alert_list"] if alert["name"] == "InstanceDown"]
    assert opened_at == moment(told["began_at"]) >= stopped_at

    before = utc_now()
    taken = program.call("POST", f"{own}/acknowledge")
    acknowledged_at = moment(taken["acknowledged_at"])
    assert before <= acknowledged_at <= utc_now()
    program.call("POST", f"{own}/comment", {"text": "It was **stopped**."})
    program.call("POST", f"{own}/publish", {"text": "We do not see this machine for a moment."})
    wait_until("everyone reads it", lambda: "We do not see this machine for a moment." in quick.get("/").text, 10)
    assert "stopped" not in quick.get("/").text

    started_at = utc_now()
    quick.must("start", STOPPED)

    def over() -> dict[str, Any] | None:
        found = program.incident()
        return found if found is not None and found["state"] == "resolved" else None

    wait_until("it resolves by itself", over, 120)
    ended = over()
    assert ended is not None
    resolved_at = moment(ended["resolved_at"])
    # By the alert's end: the hold-down delays the state alone.
    (told,) = [alert for alert in program.call("GET", own)["alert_list"] if alert["name"] == "InstanceDown"]
    assert resolved_at == moment(told["ended_at"]) >= started_at
    story = program.call("GET", f"{own}/timeline")["items"]
    assert {"opened", "alert-fired", "acknowledged", "comment", "published", "alert-ended", "resolved"} <= {
        entry["kind"] for entry in story
    }
    resolved = next(entry for entry in story if entry["kind"] == "resolved")
    assert moment(resolved["at"]) - resolved_at >= HOLD_DOWN
    assert (ended["resolved_by"], ended["flapping"]) == (None, False)

    figures = program.call("GET", "/figures?days=1")
    assert _seconds(figures, "acknowledge") == (acknowledged_at - opened_at).total_seconds()
    assert _seconds(figures, "resolve") == (resolved_at - opened_at).total_seconds()
    assert figures["unattended"] == 0
    # Both in words, as people read them.
    page = quick.ask("GET", f"{quick.url}/status.json").json
    assert any(each["updates"] for each in page["incidents"])


def _seconds(figures: dict[str, Any], which: str) -> float:
    spread = figures[f"time_to_{which}"]
    assert spread["count"] == 1
    return float(spread["mean"])


def _is_up(stack: NativeStack) -> bool:
    found = stack.prometheus("query", query=f'up{{instance="{STOPPED}"}}')["result"]
    return bool(found) and found[0]["value"][1] == "1"
