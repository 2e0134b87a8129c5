"""`/tokens` and `/api/v1/tokens`: making, seeing and revoking, by people and by programs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from tests.equipment.desk import Visitor
from tests.unit.web.conftest import Clock
from tests.unit.web.test_api import matches
from tests.unit.web.test_tokens import call

from sereno.guard.model import User

Begin = Callable[..., Visitor]
CI = {"name": "CI", "scopes": "read", "days": "30"}


def text_in(page: str) -> str:
    return re.search(r'<code class="secret">(srn_[\w-]+)</code>', page)[1]  # type: ignore[index]


def test_a_token_is_made_shown_once_used_and_revoked(app: Flask, signed_in: Begin) -> None:
    charlie = signed_in("charlie")
    made = charlie.post("/tokens/add", CI)
    assert made.status_code == 201
    token = text_in(made.text)
    assert call(app, "GET", "/api/v1/alerts", token).status_code == 200
    listed = charlie.get("/tokens").text
    assert ">ci<" in listed and token not in listed and "192.0.2" not in listed.partition("ci<")[0]
    number = re.search(r"/tokens/(\d+)/revoke", listed)[1]  # type: ignore[index]
    assert "Revoke ci?" in charlie.get(f"/tokens/{number}/revoke").text
    assert charlie.post(f"/tokens/{number}/revoke").headers["Location"] == "/tokens"
    assert call(app, "GET", "/api/v1/alerts", token).status_code == 401
    assert "revoked" in charlie.get("/tokens").text


def test_only_scopes_within_ones_role_are_offered_and_taken(signed_in: Begin) -> None:
    charlie = signed_in("charlie")
    form = charlie.get("/tokens/add").text
    assert 'value="read"' in form and 'value="incidents:write"' not in form and 'value="never"' not in form
    refused = charlie.post("/tokens/add", {**CI, "scopes": "admin"})
    assert refused.status_code == 422 and "needs a higher role" in refused.text
    assert 'value="never"' in signed_in("alice").get("/tokens/add").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "two words"}, "1 to 48"),
        ({"scopes": ""}, "Choose at least one"),
        ({"days": "0"}, "Choose one of the days"),
        ({"days": "9999"}, "Choose one of the days"),
        ({"days": "٣"}, "Choose one of the days"),
        ({"days": "never"}, "Only an administrator"),
        ({"name": "taken"}, "is in use"),
    ],
)
def test_a_refusal_stands_in_words_at_its_field(signed_in: Begin, change: dict[str, str], said: str) -> None:
    bob = signed_in("bob")
    bob.post("/tokens/add", {**CI, "name": "taken"})
    answer = bob.post("/tokens/add", {**CI, **change})
    assert answer.status_code == 422 and said in answer.text


def test_nobody_sees_or_revokes_anothers_but_an_administrator(signed_in: Begin) -> None:
    bob, charlie, alice = signed_in("bob"), signed_in("charlie"), signed_in("alice")
    number = bob.api("POST", "/api/v1/tokens", {"name": "bobs", "scopes": ["read"]}).json["id"]
    assert "bobs" not in charlie.get("/tokens").text and "bobs" in alice.get("/tokens").text
    for method, path in (("GET", "api/v1/tokens/{}"), ("DELETE", "api/v1/tokens/{}"), ("GET", "tokens/{}/revoke")):
        assert charlie.api(method, "/" + path.format(number)).status_code == 404
    assert charlie.api("GET", "/api/v1/tokens").json["tokens"] == []
    assert alice.api("DELETE", f"/api/v1/tokens/{number}").status_code == 204
    assert bob.api("GET", f"/api/v1/tokens/{number}").json["revoked_by"] == "alice"


def test_a_token_lives_through_the_api_as_described(app: Flask, signed_in: Begin, clock: Clock) -> None:
    alice = signed_in("alice")
    document = alice.get("/api/v1/openapi.json").json
    made = alice.api("POST", "/api/v1/tokens", {"name": "robot", "scopes": ["admin", "read"]})
    assert made.status_code == 201
    matches(document, "/api/v1/tokens", "post", 201, made.json)
    assert made.json["expires_at"] == "2027-02-22T12:00:00Z", "90 days"
    token = made.json["token"]
    shown = call(app, "GET", made.headers["Location"], token)
    matches(document, "/api/v1/tokens/{token_id}", "get", 200, shown.json)
    assert shown.json["last_used_at"] == "2026-11-24T12:00:00Z" and "token" not in shown.json
    child = call(app, "POST", "/api/v1/tokens", token, {"name": "child", "scopes": ["read"], "expires_days": 90})
    assert child.status_code == 201
    for outliving in (91, None):
        body = {"name": "heir", "scopes": ["read"], "expires_days": outliving}
        assert call(app, "POST", "/api/v1/tokens", token, body).status_code == 403
    listed = call(app, "GET", "/api/v1/tokens", token)
    matches(document, "/api/v1/tokens", "get", 200, listed.json)
    assert [each["name"] for each in listed.json["tokens"]] == ["child", "robot"]
    clock.advance(days=90)
    assert call(app, "GET", "/api/v1/tokens", token).status_code == 401


def test_an_administrators_may_never_end(signed_in: Begin) -> None:
    body = {"name": "for-ever", "scopes": ["read"], "expires_days": None}
    assert signed_in("alice").api("POST", "/api/v1/tokens", body).json["expires_at"] is None
    assert signed_in("bob").api("POST", "/api/v1/tokens", {**body, "name": "mine"}).status_code == 403


def test_the_page_speaks_spanish(signed_in: Begin, cast: dict[str, User]) -> None:
    bob = signed_in("bob")
    assert "Crear un token" in bob.get("/tokens?lang=es").text
    assert "asumir, comentar" in bob.get("/tokens/add?lang=es").text
