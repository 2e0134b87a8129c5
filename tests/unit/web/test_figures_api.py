"""Figures by program: right to the second from the deliveries alone, and what became of each rule's alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, add_cast, desk_app, memory_database

from sereno.core.clock import rfc3339
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.service import Incidents
from sereno.settings import Settings

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Story:
    """A desk whose clock is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        database = memory_database()
        add_cast(database, now=NOON)
        self.app: Flask = desk_app(folder, database=database, clock=lambda: self.now)
        self.incidents = Incidents(database, clock=lambda: self.now, rules=Rules.of(Settings()))
        self.bob = Visitor(self.app)
        self.bob.sign_in("bob")

    def deliver(self, name: str, began: int, ended: int | None, heard: int, fingerprint: str = "") -> None:
        """An alert of that rule, from second to second, of which the desk hears at a later one."""
        self.now = NOON + timedelta(seconds=heard)
        at: Callable[[int], str] = lambda second: rfc3339(NOON + timedelta(seconds=second))  # noqa: E731
        alert = {
            "status": "firing" if ended is None else "resolved",
            "labels": {"alertname": name, "severity": "warning", "instance": "node-exporter"},
            "startsAt": at(began),
            "endsAt": "0001-01-01T00:00:00Z" if ended is None else at(ended),
            "fingerprint": fingerprint or name,
        }
        body = {"version": "4", "groupKey": f"g {name}", "alerts": [alert]}
        answer = self.app.test_client().post(
            "/api/v1/alertmanager", json=body, headers={"Authorization": "Bearer delivery-token"}
        )
        assert answer.status_code == 200

    def get(self, path: str) -> dict[str, object]:
        answer = self.bob.api("GET", f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_figures_are_right_to_the_second(story: Story) -> None:
    story.deliver("HighCpuUsage", began=0, ended=None, heard=3)
    story.now = NOON + timedelta(seconds=90)
    (item,) = story.get("incidents")["items"]
    story.bob.api("POST", f"/api/v1/incidents/{item['id']}/acknowledge")
    story.deliver("HighCpuUsage", began=0, ended=400, heard=402)
    story.deliver("InstanceDown", began=10, ended=100, heard=105)
    story.now = NOON + timedelta(seconds=600)
    assert story.incidents.settle() == 2
    found = story.get("figures")
    assert found["time_to_acknowledge"] == {"count": 1, "missing": 1, "mean": 90.0, "median": 90.0, "p90": 90.0}
    assert found["time_to_resolve"]["mean"] == (400 + 90) / 2
    # The processors were busy for two minutes before the alert fired; the other rule waits for nothing.
    assert found["time_to_detect"]["mean"] == (123 + 95) / 2
    assert (found["resolved"], found["unattended"]) == (2, 0.5)
    assert [(part["name"], part["incidents"]) for part in found["components"]] == [("machine", 2)]


def test_rules_tell_what_became_of_their_alerts(story: Story) -> None:
    story.deliver("InstanceDown", began=0, ended=60, heard=70)
    story.deliver("InstanceDown", began=300, ended=360, heard=370)
    story.deliver("MyOwnRule", began=0, ended=None, heard=371)
    story.now = NOON + timedelta(seconds=900)
    story.incidents.settle()
    items = {item["name"]: item for item in story.get("rules")["items"]}
    own = items["InstanceDown"]
    assert (own["fired"], own["acknowledged"], own["by_itself"], own["flapped"]) == (2, 0, 2, 2)
    assert (items["MyOwnRule"]["fired"], items["MyOwnRule"]["severity"]) == (1, None)
    assert (items["HighCpuUsage"]["fired"], items["HighCpuUsage"]["lasting"]) == (0, "2m")
