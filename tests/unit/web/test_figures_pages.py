"""The page and the API of figures tell the same, to the second."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from tests.equipment.desk import Visitor
from tests.equipment.desk_server import alert, payload

from .conftest import Clock

Begin = Callable[[str], Visitor]


def deliver(app: Flask, *alerts: dict[str, object]) -> None:
    answer = app.test_client().post(
        "/api/v1/alertmanager", json=payload(*alerts), headers={"Authorization": "Bearer delivery-token"}
    )
    assert answer.status_code == 200, answer.text


def test_without_incidents_nothing_is_said_to_be_zero_seconds(signed_in: Begin) -> None:
    charlie = signed_in("charlie")
    page = charlie.get("/figures").text
    assert "No incident began in this time" in page and "0 s" not in page
    told = charlie.api("GET", "/api/v1/figures").json
    assert told["time_to_acknowledge"] == {"mean": None, "median": None, "p90": None, "count": 0, "missing": 0}
    assert told["unattended"] is None
    assert told["weeks"][0]["incidents"] is None and told["weeks"][-1]["incidents"] == 0


def test_the_figures_follow_the_definitions(app: Flask, signed_in: Begin, clock: Clock) -> None:
    deliver(app, alert("f1", startsAt="2026-11-24T11:59:00Z"))  # Told at 12:00:00.
    bob = signed_in("bob")
    clock.advance(seconds=25)
    assert bob.api("POST", "/api/v1/incidents/1/acknowledge").status_code == 200
    clock.advance(minutes=10)
    bob.post("/incidents/new", {"title": "By hand", "severity": "warning"})
    clock.advance(seconds=1)
    told = bob.api("GET", "/api/v1/figures").json
    assert told["time_to_detect"]["mean"] == 60
    assert told["time_to_detect"]["missing"] == 1
    assert told["time_to_acknowledge"]["mean"] == 85
    assert told["incidents"] == 2 and told["resolved"] == 0
    assert told["rules"] == [
        {"rule": "InstanceDown", "fired": 1, "acknowledged": 1, "resolved_by_itself": 0, "flapped": 0}
    ]
    page = bob.get("/figures?days=30").text
    assert "1 min 25 s" in page and "1 never acknowledged" in page
    assert "1 min 25 s" in bob.get("/figures", Accept_Language="es").text
    assert bob.get("/figures?days=12345").status_code == 200


def test_neither_the_heartbeat_nor_the_doctors_test_counts(app: Flask, signed_in: Begin, clock: Clock) -> None:
    deliver(app, alert("w", name="Watchdog", severity="none"), alert("t", name="SerenoDoctor", severity="info"))
    clock.advance(seconds=1)
    charlie = signed_in("charlie")
    told = charlie.api("GET", "/api/v1/figures").json
    assert (told["rules"], told["incidents"]) == ([], 0)
    assert "SerenoDoctor" in charlie.get("/incidents").text
