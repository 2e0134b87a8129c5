from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from tests.equipment.desk import Visitor

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
