"""`/notices` and `/api/v1/notices`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, desk_app

from sereno.core.text import Text
from sereno.database.session import Database
from sereno.guard.model import Actor, User
from sereno.respond.incidents.service import Incidents
from sereno.respond.notices.messages import Voice
from sereno.respond.notices.model import Outcome
from sereno.respond.notices.service import Notices
from sereno.settings import Settings

Begin = Callable[[str], Visitor]
SETTINGS = Settings.model_validate({"notify": {"channels": [{"name": "mail", "url": "json://s3cret-word.example"}]}})


@pytest.fixture
def app(tmp_path: Path, database: Database, clock: Callable[[], datetime]) -> Flask:
    return desk_app(tmp_path, database=database, settings=SETTINGS, clock=clock)


@pytest.fixture
def given_up(database: Database, clock: Callable[[], datetime], cast: dict[str, User]) -> int:
    """An incident whose notice was refused for good."""
    incident = Incidents(database, clock=clock).open(Text("<b>Trouble</b>", ""), "critical", actor=Actor("ana", ""))
    notices = Notices(database, SETTINGS.notify, Voice("en", "https://desk.example"), clock=clock)
    notices.take_news()
    for order in notices.claim():
        words = "error=404 <script>alert(1)</script>"
        notices.record(Outcome(order.notice_id, order.claimed_at, good=False, permanent=True, words=words))
    return incident.id


def test_the_page_shows_each_notice_with_its_tries_and_no_address(signed_in: Begin, given_up: int) -> None:
    page = signed_in("bob").get("/notices").text
    assert "Given up" in page and "refused for good" in page and f"/incidents/{given_up}" in page
    assert "<script>alert" not in page
    assert "s3cret-word" not in page


def test_it_speaks_spanish_and_filters(signed_in: Begin, given_up: int) -> None:
    visitor = signed_in("bob")
    assert "Abandonado" in visitor.get("/notices?lang=es").text
    assert "There are none." in visitor.get("/notices?state=sent&lang=en").text
    assert "There are none." in visitor.get("/notices?channel=chat").text
    assert visitor.get("/notices?before=99999999999999999999&state=x").status_code == 200


def test_a_viewer_and_a_stranger_do_not_see_it(signed_in: Begin, visitor: Visitor, given_up: int) -> None:
    assert signed_in("charlie").get("/notices").status_code == 403
    assert visitor.get("/api/v1/notices").status_code == 401


def test_an_operator_has_it_tried_again_once(signed_in: Begin, given_up: int) -> None:
    visitor = signed_in("bob")
    (listed,) = visitor.api("GET", "/api/v1/notices").json["items"]
    assert (listed["state"], listed["channel"], listed["incident"]) == ("given-up", "mail", given_up)
    assert [each["outcome"] for each in listed["attempts"]] == ["refused"]
    assert visitor.post(f"/notices/{listed['id']}/retry").status_code == 303
    assert visitor.api("GET", f"/api/v1/notices/{listed['id']}").json["state"] == "queued"
    assert visitor.api("POST", "/api/v1/notices/999/retry").status_code == 404


def test_pages_of_the_list(signed_in: Begin, given_up: int) -> None:
    visitor = signed_in("bob")
    told = visitor.api("GET", "/api/v1/notices?limit=1").json
    assert (len(told["items"]), told["next"], told["channels"]) == (1, None, ["mail"])
    assert visitor.api("GET", f"/api/v1/notices?before={told['items'][0]['id']}").json["items"] == []
