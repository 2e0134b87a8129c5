from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask import Flask
from sqlalchemy import select
from tests.equipment.desk import Visitor, add_cast, desk_app, memory_database, surroundings

from sereno.guard.tables import UserRow
from sereno.serve.secrets import new_private_key, public_key_of

KEY = new_private_key()
TOOLS = ("grafana", "prometheus", "alertmanager")


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    surroundings(tmp_path, **{"grafana-jwt-private.pem": KEY})
    database = memory_database()
    add_cast(database)
    return desk_app(tmp_path, database=database)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_stranger_is_one(app: Flask, tool: str) -> None:
    assert Visitor(app).get(f"/_gate/{tool}").status_code == 401


@pytest.mark.parametrize(
    ("name", "opens"),
    [("charlie", {"grafana"}), ("bob", set(TOOLS)), ("alice", set(TOOLS))],
)
def test_a_viewer_may_see_dashboards_and_an_operator_everything(app: Flask, name: str, opens: set[str]) -> None:
    visitor = Visitor(app)
    visitor.sign_in(name)
    answers = {tool: visitor.get(f"/_gate/{tool}").status_code for tool in TOOLS}
    assert answers == {tool: 204 if tool in opens else 403 for tool in TOOLS}


def test_a_service_for_operators_is_for_them_and_administrators(app: Flask) -> None:
    answers = {}
    for name in ("charlie", "bob", "alice"):
        visitor = Visitor(app)
        visitor.sign_in(name)
        answers[name] = visitor.get("/_gate/service").status_code
    assert answers == {"charlie": 403, "bob": 204, "alice": 204}
    assert Visitor(app).get("/_gate/service").status_code == 401


def test_grafana_is_told_who_comes(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.sign_in("charlie")
    token = visitor.get("/_gate/grafana").headers["X-Sereno-Assertion"]
    read = jwt.decode(token, public_key_of(KEY), algorithms=["RS256"], audience="grafana", issuer="sereno-desk")
    assert (read["login"], read["role"]) == ("charlie@desk", "Viewer")


def test_the_other_tools_are_told_nothing(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.sign_in("alice")
    assert "X-Sereno-Assertion" not in visitor.get("/_gate/prometheus").headers


def test_whose_session_has_ended_is_a_stranger_again(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.sign_in("alice")
    visitor.post("/logout")
    assert visitor.get("/_gate/grafana").status_code == 401


def asked(path: str, method: str = "GET", mode: str | None = "navigate") -> dict[str, str]:
    headers = {"X_Original_URI": path, "X_Original_Method": method}
    return headers | ({"Sec_Fetch_Mode": mode} if mode else {})


@pytest.mark.parametrize("mode", ["navigate", None])
def test_a_person_is_sent_to_sign_in_and_back_with_everything_that_was_asked(app: Flask, mode: str | None) -> None:
    wanted = "/grafana/d/system?orgId=1&from=now-6h&to=now#panel"
    response = Visitor(app).get("/_gate/instead", **asked(wanted.partition("#")[0], mode=mode))
    target = urlsplit(response.headers["Location"])
    assert (response.status_code, target.path) == (303, "/login")
    assert parse_qs(target.query) == {"next": ["/grafana/d/system?orgId=1&from=now-6h&to=now"]}


def opened(app: Flask, name: str) -> Visitor:
    visitor = Visitor(app)
    visitor.sign_in(name)
    return visitor


def test_a_person_with_too_small_a_role_gets_a_page_that_says_so(app: Flask) -> None:
    response = opened(app, "charlie").get("/_gate/instead", **asked("/prometheus/graph"))
    assert (response.status_code, response.mimetype) == (403, "text/html")
    assert "Ask an administrator" in response.text


def test_a_program_with_too_small_a_role_is_told_so(app: Flask) -> None:
    response = opened(app, "charlie").get("/_gate/instead", **asked("/prometheus/api/v1/query", "POST"))
    assert (response.status_code, response.content_type) == (403, "application/problem+json")
    assert "charlie is viewer" in response.json["detail"]


def test_whose_password_has_to_be_changed_first_is_led_there(app: Flask, tmp_path: Path) -> None:
    visitor = opened(app, "bob")
    with app.extensions["sereno"].database.unit_of_work() as session:
        session.scalars(select(UserRow).where(UserRow.name == "bob")).one().must_change_password = True
    assert visitor.get("/_gate/grafana").status_code == 403
    led = visitor.get("/_gate/instead", **asked("/grafana/"))
    assert (led.status_code, led.headers["Location"]) == (303, "/password")
    told = visitor.get("/_gate/instead", **asked("/grafana/api/x", mode="cors"))
    assert (told.status_code, told.json["next_step"]) == (403, "choose a new one at /password")


@pytest.mark.parametrize("headers", [asked("/grafana/api/ds/query", "POST"), asked("/grafana/api/x", mode="cors"),
                                     asked("//evil.test/"), {}])  # fmt: skip
def test_a_program_is_told_that_the_session_has_ended(app: Flask, headers: dict[str, str]) -> None:
    response = Visitor(app).get("/_gate/instead", **headers)
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert "/login" in response.json["next_step"]
