"""Deliveries at the door, and the pages and lists made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, desk_app
from tests.equipment.desk_server import TOKEN, alert, payload
from werkzeug.test import TestResponse

from sereno.core.errors import Unavailable
from sereno.database.session import Database, make_engine

Begin = Callable[[str], Visitor]
ENDED = {"status": "resolved", "endsAt": "2026-11-24T11:59:30Z"}


def deliver(app: Flask, body: bytes | dict[str, Any], *, token: str = TOKEN) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app.test_client().post(
        "/api/v1/alertmanager",
        data=data,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )


def listed(visitor: Visitor, query: str = "") -> list[dict[str, Any]]:
    return visitor.get(f"/api/v1/alerts{query}").json["alerts"]


def test_a_delivery_is_stored_and_answered_with_what_became_of_it(app: Flask, signed_in: Begin) -> None:
    answer = deliver(app, payload(alert("a"), alert("b", **ENDED)))
    assert answer.json == {"received": 2, "opened": 1, "ended": 1, "truncated": 0}
    (first, second) = sorted(listed(signed_in("charlie")), key=lambda one: one["fingerprint"])
    assert (first["state"], second["state"]) == ("firing", "resolved")
    assert first["began_at"] == "2026-11-24T11:58:00.123456Z"
    assert second["ended_at"] == "2026-11-24T11:59:30Z"
    assert first["measured_at"] == "/prometheus/graph?g0.expr=up+%3D%3D+0&g0.tab=1"


@pytest.mark.parametrize("token", ["", "wrong", "delivery-token2"])
def test_only_alertmanagers_own_token_opens_the_door(app: Flask, signed_in: Begin, token: str) -> None:
    answer = deliver(app, payload(alert("a")), token=token)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert listed(signed_in("charlie")) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not json", "the body: invalid JSON"),
        (payload({"status": "firing"}), "alerts.0.labels: field required"),
        (payload(alert("good"), alert("bad", startsAt="soon")), "alerts.1.startsAt: "),
    ],
)
def test_a_malformed_delivery_is_refused_whole_in_words(app: Flask, signed_in: Begin, body: Any, said: str) -> None:
    answer = deliver(app, body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert said in answer.json["detail"]
    assert listed(signed_in("charlie")) == []


def test_a_delivery_larger_than_a_mebibyte_is_refused(app: Flask) -> None:
    assert deliver(app, b'{"version": "4", "alerts": [], "x": "' + b"y" * 1024 * 1024 + b'"}').status_code == 413


def test_a_delivery_of_two_hundred_alerts_fits(app: Flask) -> None:
    answer = deliver(app, payload(*(alert(f"f{number}") for number in range(200))))
    assert answer.json["opened"] == 200


def test_without_a_database_alertmanager_is_told_to_try_again(tmp_path: Path) -> None:
    app = desk_app(tmp_path, database=Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none")))
    answer = deliver(app, payload(alert("a")))
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert "the database does not answer" in answer.json["detail"]


def test_a_truncated_delivery_makes_the_desk_look_at_once_and_survives_a_silent_alertmanager(
    app: Flask, signed_in: Begin
) -> None:
    asked = []

    class Silent:
        def alerts(self) -> list[object]:
            asked.append(1)
            raise Unavailable("alertmanager does not answer")

    app.extensions["sereno"].neighbours["alertmanager"] = Silent()
    answer = deliver(app, payload(alert("a"), truncatedAlerts=12))
    assert (answer.status_code, answer.json["truncated"]) == (200, 12)
    assert asked == [1]
    assert len(listed(signed_in("charlie"))) == 1


def test_the_list_is_read_in_pages_and_filtered(app: Flask, signed_in: Begin) -> None:
    deliver(app, payload(*(alert(f"f{n}", startsAt=f"2026-11-24T11:00:{n:02}Z") for n in range(7))))
    deliver(app, payload(alert("w", name="Watchdog", severity="none")))
    charlie = signed_in("charlie")
    page = charlie.get("/api/v1/alerts?limit=4").json
    rest = charlie.get(f"/api/v1/alerts?limit=4&before={page['next_before']}").json
    assert [one["fingerprint"] for one in page["alerts"] + rest["alerts"]] == [f"f{n}" for n in range(6, -1, -1)]
    assert rest["next_before"] is None
    assert len(listed(charlie, "?heartbeats=true")) == 8
    assert listed(charlie, "?state=resolved") == []
    assert [one["fingerprint"] for one in listed(charlie, "?instance=f3")] == ["f3"]
    assert charlie.get("/api/v1/alerts?before=nonsense").status_code == 400
    assert charlie.get("/api/v1/alerts?limit=0").status_code == 422


def test_one_alert_and_an_unknown_one(app: Flask, signed_in: Begin) -> None:
    deliver(app, payload(alert("a")))
    charlie = signed_in("charlie")
    number = listed(charlie)[0]["id"]
    assert charlie.get(f"/api/v1/alerts/{number}").json["fingerprint"] == "a"
    assert charlie.get("/api/v1/alerts/999").status_code == 404
    assert "InstanceDown on a" in charlie.get(f"/alerts/{number}").text
    assert charlie.get("/alerts/999").status_code == 404


def test_the_page_tells_what_fires_and_what_has_fired_in_the_readers_language(app: Flask, signed_in: Begin) -> None:
    deliver(app, payload(alert("now"), alert("then", **ENDED)))
    page = signed_in("charlie").get("/alerts", Accept_Language="es").text
    firing, history = page.split('id="history"')
    assert "InstanceDown en now" in firing and "InstanceDown en then" not in firing
    assert "InstanceDown en then" in history
    assert "Crítica" in firing


def test_the_page_says_whether_the_heartbeat_is_heard(app: Flask, signed_in: Begin) -> None:
    charlie = signed_in("charlie")
    assert "No heartbeat" in charlie.get("/alerts").text
    deliver(app, payload(alert("w", name="Watchdog", severity="none")))
    page = charlie.get("/alerts").text
    assert "Heartbeat heard" in page
    assert "Nothing fires." in page


def test_the_pages_history_goes_on_where_it_stopped(app: Flask, signed_in: Begin) -> None:
    alerts = [alert(f"f{n}", startsAt=f"2026-11-24T10:{n:02}:00Z", **ENDED) for n in range(50)]
    deliver(app, payload(*alerts))
    charlie = signed_in("charlie")
    first = charlie.get("/alerts?name=InstanceDown").text
    older = re.search(r'href="(/alerts\?[^"]*before=[^"]*)"', first)
    assert older is not None
    second = charlie.get(older[1].replace("&amp;", "&")).text
    assert first.count('scope="row"') == 40
    assert second.count('scope="row"') == 10
    assert "f9<" in second and "f49<" in first


def test_what_an_alert_says_is_shown_as_text(app: Flask, signed_in: Begin) -> None:
    deliver(app, payload(alert("a", annotations={"summary": "<script>alert(1)</script>"})))
    page = signed_in("charlie").get("/alerts").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_viewers_get_no_link_into_prometheus_and_operators_do(app: Flask, signed_in: Begin) -> None:
    deliver(app, payload(alert("a")))
    assert "/prometheus/graph" not in signed_in("charlie").get("/alerts/1").text
    assert "/prometheus/graph?g0.expr=up" in signed_in("bob").get("/alerts/1").text


def test_an_alert_of_our_own_leads_to_its_runbook(app: Flask, signed_in: Begin) -> None:
    deliver(app, payload(alert("a"), alert("b", name="SomebodysOwnRule")))
    charlie = signed_in("charlie")
    pages = [charlie.get(f"/alerts/{one['id']}").text for one in listed(charlie)]
    assert sorted("/runbooks/InstanceDown" in page for page in pages) == [False, True]


def test_the_home_page_shows_what_fires_and_not_the_heartbeat(app: Flask, signed_in: Begin) -> None:
    charlie = signed_in("charlie")
    assert "Nothing fires." in charlie.get("/desk").text
    deliver(app, payload(alert("w", name="Watchdog", severity="none"), *(alert(f"f{n}") for n in range(7))))
    page = charlie.get("/desk", Accept_Language="es").text
    assert page.partition('id="home-alerts"')[2].count("InstanceDown en f") == 5
    assert "y 2 más" in page
    assert "Watchdog" not in page


def test_strangers_are_sent_to_sign_in(visitor: Visitor) -> None:
    assert visitor.get("/alerts").headers["Location"].startswith("/login")
    assert visitor.get("/api/v1/alerts").status_code == 401
