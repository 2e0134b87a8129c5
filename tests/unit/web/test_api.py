"""The API: what it takes and answers, and that its description tells the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import validate
from tests.equipment.desk import PASSWORDS, Visitor

from sereno.guard.model import User
from sereno.guard.scopes import Scope

Begin = Callable[..., Visitor]


@pytest.fixture
def alice(signed_in: Begin) -> Visitor:
    return signed_in("alice")


def test_the_description_is_valid_openapi(visitor: Visitor) -> None:
    document = visitor.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_description_is_readable_in_both_languages(visitor: Visitor) -> None:
    english, spanish = visitor.get("/api/docs?lang=en").text, visitor.get("/api/docs?lang=es").text
    assert "/api/v1/users/{user_id}" in english
    assert "Add a user" in english and "Añadir un usuario" in spanish
    assert "style=" not in english and "<script>" not in english


def matches(document: dict[str, Any], path: str, method: str, status: int, body: object) -> None:
    """Hold an answer against the description."""
    content = document["paths"][path][method]["responses"][str(status)]["content"]
    (schema,) = [each["schema"] for each in content.values()]
    jsonschema.validate(body, {**schema, "components": document["components"]})


def test_a_user_lives_through_the_api_as_described(alice: Visitor) -> None:
    document = alice.get("/api/v1/openapi.json").json
    added = alice.api("POST", "/api/v1/users", {"name": "Dora", "role": "operator", "language": "es"})
    assert added.status_code == 201
    matches(document, "/api/v1/users", "post", 201, added.json)
    place = added.headers["Location"]
    shown = alice.api("GET", place)
    matches(document, "/api/v1/users/{user_id}", "get", 200, shown.json)
    assert shown.json == added.json["user"]
    assert (shown.json["name"], shown.json["role"], shown.json["created_at"]) == (
        "dora",
        "operator",
        "2026-11-24T12:00:00Z",
    )
    changed = alice.api("PATCH", place, {"disabled": True, "language": None})
    matches(document, "/api/v1/users/{user_id}", "patch", 200, changed.json)
    assert (changed.json["disabled"], changed.json["language"], changed.json["role"]) == (True, None, "operator")
    reset = alice.api("POST", f"{place}/reset-password")
    matches(document, "/api/v1/users/{user_id}/reset-password", "post", 200, reset.json)
    listed = alice.api("GET", "/api/v1/users")
    matches(document, "/api/v1/users", "get", 200, listed.json)
    assert [user["name"] for user in listed.json["users"]] == ["alice", "bob", "charlie", "dora"]
    gone = alice.api("DELETE", place)
    assert (gone.status_code, gone.data) == (204, b"")
    missing = alice.api("GET", place)
    assert missing.status_code == 404
    matches(document, "/api/v1/users/{user_id}", "get", 404, missing.json)


def test_the_trail_is_searched_as_described(alice: Visitor) -> None:
    document = alice.get("/api/v1/openapi.json").json
    alice.api("POST", "/api/v1/users", {"name": "dora"})
    found = alice.api("GET", "/api/v1/audit?action=user.add&since=2026-11-24T00:00:00Z")
    matches(document, "/api/v1/audit", "get", 200, found.json)
    (entry,) = found.json["entries"]
    assert (entry["actor"], entry["subject"], entry["new"]["role"]) == ("alice", "user:dora", "viewer")
    assert found.json["next_before"] is None


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({"role": "admin"}, "name", "Field required"),
        ({"name": "dora", "role": "king"}, "role", "viewer"),
        ({"name": "dora", "rôle": "admin"}, "rôle", "not permitted"),
        ({"name": "dora", "language": "fr"}, "language", "'en' or 'es'"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(alice: Visitor, body: object, path: str, said: str) -> None:
    answer = alice.api("POST", "/api/v1/users", body)
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["path"] == path and said in error["message"]


def test_a_refused_password_is_not_echoed(alice: Visitor) -> None:
    answer = alice.api("POST", "/api/v1/users", {"name": "dora", "password": "x" * 300})
    assert answer.status_code == 422 and "xxx" not in answer.text
    short = alice.api("POST", "/api/v1/users", {"name": "dora", "password": "opensesame!"})
    assert short.status_code == 400 and "opensesame" not in short.text
    assert "at least 12" in short.json["detail"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "name=dora", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b"\xff\xfe", "content_type": "application/json"}, 400),
        ({"data": "[]", "content_type": "application/json"}, 422),
        ({"data": r'{"name": "\ud800"}', "content_type": "application/json"}, 400),
        ({"data": "{}" + " " * 3_000_000, "content_type": "application/json"}, 413),
    ],
)
def test_what_is_not_the_expected_json_is_refused(alice: Visitor, sent: dict[str, Any], status: int) -> None:
    headers = {**alice.headers, "X-CSRF-Token": alice.token()}
    answer = alice.client.post("/api/v1/users", base_url="https://desk.test", headers=headers, **sent)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_conflicts_name_who_stands_in_the_way(alice: Visitor, cast: dict[str, User]) -> None:
    taken = alice.api("POST", "/api/v1/users", {"name": "bob"})
    assert taken.status_code == 409 and "bob" in taken.json["detail"] and taken.json["next_step"]
    own = alice.api("DELETE", f"/api/v1/users/{cast['alice'].id}")
    assert own.status_code == 409 and "your own account" in own.json["detail"]


ERRORS = [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/users", 405), ("GET", "/api/v1/users", 401)]


@pytest.mark.parametrize(("method", "path", "status"), ERRORS)
def test_every_error_has_one_shape(visitor: Visitor, method: str, path: str, status: int) -> None:
    answer = visitor.api(method, path)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert set(answer.json) >= {"type", "title", "status", "detail", "request_id"}
    assert answer.json["status"] == status
    assert answer.headers["X-Request-ID"] == answer.json["request_id"]
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_a_program_signs_in_and_out(app: Flask, cast: dict[str, User]) -> None:
    document = Visitor(app).get("/api/v1/openapi.json").json
    client = app.test_client()

    def call(method: str, path: str, **options: Any) -> Any:
        return client.open(path, method=method, base_url="https://desk.test", **options)

    wrong = call("POST", "/api/v1/session", json={"name": "alice", "password": "no idea"})
    assert wrong.status_code == 401
    matches(document, "/api/v1/session", "post", 401, wrong.json)
    begun = call("POST", "/api/v1/session", json={"name": "alice", "password": PASSWORDS["alice"]})
    assert begun.status_code == 201
    matches(document, "/api/v1/session", "post", 201, begun.json)
    token = {"X-CSRF-Token": begun.json["csrf_token"]}
    assert call("POST", "/api/v1/users", json={"name": "dora"}, headers=token).status_code == 201
    shown = call("GET", "/api/v1/session")
    matches(document, "/api/v1/session", "get", 200, shown.json)
    body = {"present": PASSWORDS["alice"], "new": "a lamp of my own"}
    assert call("POST", "/api/v1/session/password", json=body, headers=token).status_code == 204
    assert call("GET", "/api/v1/session").status_code == 200
    assert call("DELETE", "/api/v1/session", headers=token).status_code == 204
    assert call("GET", "/api/v1/session").status_code == 401


def test_guessing_by_program_is_slowed_too(app: Flask, cast: dict[str, User]) -> None:
    visitor = Visitor(app)
    body = {"name": "alice", "password": "no idea"}
    answers = [visitor.api("POST", "/api/v1/session", body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"


def test_a_form_of_another_site_cannot_sign_a_browser_in(app: Flask, cast: dict[str, User]) -> None:
    answer = app.test_client().post(
        "/api/v1/session",
        base_url="https://desk.test",
        data='{"name": "alice", "password": "quiet lamps burn low"}',
        content_type="text/plain",
    )
    assert answer.status_code == 415
    assert "Set-Cookie" not in answer.headers


def test_each_operation_names_every_answer_and_who_may(visitor: Visitor) -> None:
    document = visitor.get("/api/v1/openapi.json").json
    schemes = document["components"]["securitySchemes"]
    assert (schemes["session"]["in"], schemes["bearer"]["scheme"]) == ("cookie", "bearer")
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            answers, ways = set(described["responses"]), described["security"]
            assert "default" not in answers and {"500", "503"} <= answers, (method, path)
            assert not ways or "401" in answers, (method, path)
            assert {"session": []} not in ways or "403" in answers, (method, path)
            assert "requestBody" not in described or {"400", "413"} <= answers, (method, path)
            assert "{" not in path or "404" in answers, (method, path)
            for way in ways:
                assert set(way.get("bearer", ())) <= set(Scope), (method, path)
            if "201" in answers and path != "/api/v1/session":
                parameters = {each["name"]: each for each in described["parameters"]}
                assert not parameters["Idempotency-Key"]["required"], (method, path)
                assert {"400", "409", "422"} <= answers, (method, path)


def test_the_page_says_which_scope_a_token_needs(visitor: Visitor) -> None:
    english, spanish = visitor.get("/api/docs?lang=en").text, visitor.get("/api/docs?lang=es").text
    assert "API tokens need the scope incidents:write." in english and "Not for API tokens." in english
    assert "necesitan el permiso incidents:write" in spanish
    assert "Idempotency-Key" in english and "Authorization: Bearer srn_…" in english
