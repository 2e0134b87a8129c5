"""Who may do what: declarations, forged requests, the way to sign in and back. Routes by role: `test_routes.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from tests.equipment.desk import ROLES, Visitor
from werkzeug.routing import Rule

from sereno.guard.model import Role, User
from sereno.web.api import declared_operation
from sereno.web.auth import declared_access, public

Begin = Callable[[str], Visitor]


def routes(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method) for rule in app.url_map.iter_rules() for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    undeclared = [rule.rule for rule, _ in routes(app) if declared_access(app.view_functions[rule.endpoint]) is None]
    assert undeclared == []


def test_every_api_route_declares_what_it_takes_and_answers(app: Flask) -> None:
    silent = [
        rule.rule
        for rule, _ in routes(app)
        if rule.rule.startswith("/api/v1/")
        and rule.rule != "/api/v1/openapi.json"
        and declared_operation(app.view_functions[rule.endpoint]) is None
    ]
    assert silent == []


def test_a_view_without_a_declaration_is_refused(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open!")
    assert Visitor(app).get("/forgotten").status_code == 403


def test_a_stranger_is_led_to_the_form_and_back(visitor: Visitor, cast: dict[str, User]) -> None:
    asked = visitor.get("/users?page=2")
    assert asked.headers["Location"] == "/login?next=%2Fusers%3Fpage%3D2"
    answer = visitor.post("/login", {"name": "alice", "password": "quiet lamps burn low", "next": "/users?page=2"})
    assert answer.headers["Location"] == "/users?page=2"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_leads_nowhere_else(visitor: Visitor, cast: dict[str, User], target: str) -> None:
    answer = visitor.post("/login", {"name": "alice", "password": "quiet lamps burn low", "next": target})
    assert answer.headers["Location"] == "/desk"


def test_a_form_without_its_token_changes_nothing(app: Flask, signed_in: Begin) -> None:
    alice = signed_in("alice")
    for token in ("", "made up", Visitor(app).token()):
        answer = alice.post("/users/add", {"csrf_token": token, "name": "mallory", "role": "admin"})
        assert answer.status_code == 400
        assert "no longer valid" in answer.text
    assert "mallory" not in alice.get("/users").text


def test_an_api_call_without_the_token_changes_nothing(signed_in: Begin) -> None:
    alice = signed_in("alice")
    answer = alice.api("POST", "/api/v1/users", {"name": "mallory"}, X_CSRF_Token="")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert len(alice.api("GET", "/api/v1/users").json["users"]) == 3


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_a_request_from_another_site_is_refused_even_with_the_token(signed_in: Begin, headers: dict[str, str]) -> None:
    alice = signed_in("alice")
    assert alice.post("/users/add", {"name": "mallory", "role": "admin"}, **headers).status_code == 400
    stranger = Visitor(alice.client.application)
    body = {"name": "alice", "password": "quiet lamps burn low"}
    assert stranger.api("POST", "/api/v1/session", body, **headers).status_code == 400


def test_our_own_origin_is_accepted(signed_in: Begin) -> None:
    answer = signed_in("alice").post("/users/add", {"name": "dora", "role": "viewer"}, Origin="https://desk.test")
    assert answer.status_code == 201


def test_a_bearer_token_is_the_secret_and_nothing_else(app: Flask) -> None:
    from sereno.web.auth import bearer

    app.add_url_rule("/deliver", "deliver", bearer("alertmanager-token")(lambda: "taken"), methods=["POST"])
    visitor = Visitor(app)
    send = lambda **headers: app.test_client().post("/deliver", headers=headers).status_code  # noqa: E731
    assert send() == 401
    assert send(Authorization="Bearer wrong") == 401
    assert send(Authorization="Bearer ") == 401
    assert send(Authorization="Basic delivery-token") == 401
    assert send(Authorization="Bearer delivery-token") == 200
    assert visitor.get("/deliver").status_code == 405


def test_a_role_declared_once_holds_for_every_method(app: Flask, signed_in: Begin) -> None:
    charlie = signed_in("charlie")
    assert charlie.client.head("/users", base_url="https://desk.test").status_code == 403
    assert ROLES["charlie"] is Role.VIEWER
    assert declared_access(public(lambda: "")) is not None
