"""`/heartbeats` and `/api/v1/heartbeats`."""

from __future__ import annotations

from collections.abc import Callable

from tests.equipment.desk import Visitor

from sereno.database.session import Database

Begin = Callable[[str], Visitor]


def test_a_signal_declares_and_is_listed(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    taken = visitor.api("POST", "/api/v1/heartbeats/nightly?every=1d&grace=1h&severity=warning", {"anything": [1]})
    assert taken.status_code == 200 and taken.json["name"] == "nightly"
    (listed,) = visitor.api("GET", "/api/v1/heartbeats").json["items"]
    assert (listed["every"], listed["grace"], listed["severity"]) == ("1d", "1h", "warning")
    assert (listed["state"], listed["created_by"]) == ("alive", "bob")
    page = signed_in("charlie").get("/heartbeats").text
    assert "nightly" in page and "Alive" in page and "Remove" not in page


def test_get_and_head_are_signals_too(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    assert visitor.api("GET", "/api/v1/heartbeats/a").status_code == 200
    assert visitor.api("HEAD", "/api/v1/heartbeats/b").status_code == 200
    assert [each["name"] for each in visitor.api("GET", "/api/v1/heartbeats").json["items"]] == ["a", "b"]


def test_another_site_cannot_make_a_browser_send_one(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    assert visitor.get("/api/v1/heartbeats/a", Sec_Fetch_Site="cross-site").status_code == 403
    assert visitor.api("GET", "/api/v1/heartbeats").json["items"] == []


def test_a_stranger_and_a_viewer_send_none(signed_in: Begin, visitor: Visitor) -> None:
    assert visitor.get("/api/v1/heartbeats/a").status_code == 401
    assert signed_in("charlie").api("POST", "/api/v1/heartbeats/a").status_code == 403


def test_what_is_wrong_is_told(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    for path in ("/api/v1/heartbeats/Big", "/api/v1/heartbeats/a?every=soon", "/api/v1/heartbeats/a?every=1s"):
        answer = visitor.api("POST", path)
        assert answer.status_code == 400 and answer.mimetype == "application/problem+json"
    assert visitor.api("POST", "/api/v1/heartbeats/a?evry=1d").status_code == 422


def test_programs_declare_pause_and_remove(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    assert visitor.api("PUT", "/api/v1/heartbeats/a", {"every": "10m"}).json["state"] == "new"
    assert visitor.api("PUT", "/api/v1/heartbeats/a", {"every": "20m"}).json["every"] == "20m"
    assert visitor.api("PATCH", "/api/v1/heartbeats/a", {"paused": True}).json["state"] == "paused"
    assert visitor.api("DELETE", "/api/v1/heartbeats/a").status_code == 204
    assert visitor.api("DELETE", "/api/v1/heartbeats/a").status_code == 404
    assert visitor.api("PATCH", "/api/v1/heartbeats/a", {"paused": True}).status_code == 404


def test_people_declare_change_pause_and_remove_without_scripts(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    added = visitor.post("/heartbeats/add", {"name": "nas", "every": "1d", "grace": "2h", "severity": "warning"})
    assert added.status_code == 303
    assert visitor.post("/heartbeats/nas/edit", {"every": "12h", "grace": "1h", "severity": "info"}).status_code == 303
    page = visitor.get("/heartbeats").text
    assert "every 12h, 1h grace" in page
    visitor.post("/heartbeats/nas/pause", {"paused": "1"})
    assert "Expect again" in visitor.get("/heartbeats").text
    assert "Remove nas?" in visitor.get("/heartbeats/nas/delete").text
    assert visitor.post("/heartbeats/nas/delete").status_code == 303
    assert "Nothing is expected yet" in visitor.get("/heartbeats").text


def test_the_form_says_what_is_wrong_in_the_readers_language(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    typed = {"name": "Ño", "every": "pronto", "grace": "x", "severity": "critical"}
    answer = visitor.post("/heartbeats/add?lang=es", typed)
    assert answer.status_code == 422
    assert "Escribe una duración" in answer.text and "pronto" in answer.text
    visitor.post("/heartbeats/add", {"name": "nas"})
    again = visitor.post("/heartbeats/add", {"name": "nas"})
    assert again.status_code == 422


def test_a_signal_costs_one_statement(signed_in: Begin, database: Database) -> None:
    from sqlalchemy import event

    visitor = signed_in("bob")
    visitor.api("POST", "/api/v1/heartbeats/a")
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: said.append(str(call[2])))
    visitor.api("POST", "/api/v1/heartbeats/a")
    assert len([each for each in said if "heartbeat" in each]) == 1
