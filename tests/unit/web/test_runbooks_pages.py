from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from tests.equipment.desk import Visitor
from tests.equipment.desk_server import TOKEN, alert, payload

from sereno.settings import Settings
from sereno.watch.runbooks import runbook_names

Begin = Callable[[str], Visitor]


def test_strangers_are_sent_to_sign_in_and_come_back(app: Flask) -> None:
    answer = Visitor(app).get("/runbooks/HighCpuUsage")
    assert answer.status_code == 303
    assert "/login?next=" in answer.headers["Location"]
    assert "HighCpuUsage" in answer.headers["Location"]


def test_a_runbook_shows_meaning_steps_and_rule_in_the_readers_language(signed_in: Begin) -> None:
    visitor = signed_in("charlie")
    english = visitor.get("/runbooks/LowDiskSpace").text
    assert "<h1>LowDiskSpace</h1>" in english
    assert "Where to look" in english
    assert "df -h" in english
    assert "&lt; 15" in english, "the rule, escaped"
    spanish = visitor.get("/runbooks/LowDiskSpace?lang=es").text
    assert "Dónde mirar" in spanish
    assert "Queda poco libre" in spanish


def test_every_runbook_can_be_opened_from_the_list(signed_in: Begin) -> None:
    visitor = signed_in("charlie")
    listed = visitor.get("/runbooks").text
    for name in runbook_names(Settings()):
        assert f'href="/runbooks/{name}"' in listed


@pytest.mark.parametrize("name", ["Nothing", "../etc/passwd", "<script>"])
def test_an_unknown_alert_has_no_runbook(signed_in: Begin, name: str) -> None:
    answer = signed_in("charlie").get(f"/runbooks/{name}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


@pytest.mark.parametrize(("name", "linked"), [("InstanceDown", True), ("SomebodyElses", False)])
def test_an_alert_leads_to_its_runbook_where_there_is_one(
    app: Flask, signed_in: Begin, name: str, linked: bool
) -> None:
    delivered = app.test_client().post(
        "/api/v1/alertmanager",
        data=json.dumps(payload(alert("a", name=name))),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    assert delivered.status_code == 200
    assert (f'href="/runbooks/{name}"' in signed_in("charlie").get("/alerts/1").text) is linked
