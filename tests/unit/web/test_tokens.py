"""Coming with an API token: where it opens, where not, and what it never does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from tests.equipment.desk import Visitor
from tests.equipment.desk_server import alert, payload
from tests.unit.web.conftest import Clock
from werkzeug.test import TestResponse

from sereno.database import room
from sereno.database.room import refuse_writes_without_room
from sereno.database.session import Database
from sereno.guard import audit, tokens
from sereno.guard.model import Actor, Role, User
from sereno.guard.tables import TokenRow

Begin = Callable[..., Visitor]
Make = Callable[..., str]


@pytest.fixture
def make(database: Database, cast: dict[str, User], clock: Clock) -> Make:
    def one(*scopes: str, of: str = "alice", name: str = "ci") -> str:
        maker = tokens.Maker(cast[of].role, cast[of].id)
        with database.unit_of_work() as session:
            _, text = tokens.make(
                session, name=name, scopes=scopes, days=90, maker=maker, actor=Actor(of, "192.0.2.1"), now=clock()
            )
        return text

    return one


def call(app: Flask, method: str, path: str, token: str, body: object = None, **headers: str) -> TestResponse:
    """A program's request: no cookies, no form token."""
    options = {} if body is None else {"json": body}
    return app.test_client(use_cookies=False).open(
        path,
        method=method,
        base_url="https://desk.test",
        headers={"Authorization": f"Bearer {token}", **{key.replace("_", "-"): text for key, text in headers.items()}},
        **options,
    )


def test_a_token_needs_no_cookie_and_no_form_token(app: Flask, make: Make) -> None:
    token = make("admin")
    assert call(app, "GET", "/api/v1/users", token).status_code == 200
    added = call(app, "POST", "/api/v1/users", token, {"name": "dora"})
    assert added.status_code == 201 and "Set-Cookie" not in added.headers


def test_what_it_does_is_told_under_its_own_name(app: Flask, make: Make, database: Database) -> None:
    call(app, "POST", "/api/v1/users", make("admin"), {"name": "dora"})
    with database.unit_of_work() as session:
        entry, made = audit.find(session, audit.Search())
    assert (entry.actor, entry.subject) == ("token:ci", "user:dora")
    assert (made.actor, made.subject) == ("alice", "token:ci")


def test_another_scope_is_not_enough(app: Flask, make: Make) -> None:
    answer = call(app, "GET", "/api/v1/users", make("read", "incidents:write"))
    assert answer.status_code == 403 and "the scope admin" in answer.json["detail"]


def test_the_role_of_the_maker_bounds_it(app: Flask, make: Make, database: Database, cast: dict[str, User]) -> None:
    from sereno.guard.tables import UserRow

    token = make("backups:write", of="bob")
    with database.unit_of_work() as session:
        session.get_one(UserRow, cast["bob"].id).role = Role.VIEWER.value
    answer = call(app, "POST", "/api/v1/backups", token)
    assert answer.status_code == 403 and "role operator" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/api/v1/session", "/_gate/grafana", "/account", "/password"])
def test_what_is_for_people_no_token_opens(app: Flask, make: Make, path: str) -> None:
    assert call(app, "GET", path, make("read", "admin")).status_code == 403


def test_a_token_counts_before_a_cookie(signed_in: Begin, make: Make) -> None:
    alice = signed_in("alice")
    token = make("read")
    assert alice.get("/api/v1/users").status_code == 200
    assert alice.get("/api/v1/users", Authorization=f"Bearer {token}").status_code == 403
    for page in ("/api/v1/users", "/users"):
        refused = alice.get(page, Authorization="Bearer srn_opens-nothing")
        assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_foreign_bearer_text_takes_nobodys_session_away(signed_in: Begin) -> None:
    assert signed_in("alice").get("/api/v1/users", Authorization="Bearer of-a-proxy").status_code == 200


def test_a_revoked_token_is_a_stranger_at_once(app: Flask, make: Make, database: Database, clock: Clock) -> None:
    token = make("read")
    assert call(app, "GET", "/api/v1/alerts", token).status_code == 200
    with database.unit_of_work() as session:
        found = tokens.token_named(session, "ci")
        tokens.revoke(session, found.id, tokens.COMMAND_LINE, actor=Actor("cli:root", "local"), now=clock())
    answer = call(app, "GET", "/api/v1/alerts", token)
    assert answer.status_code == 401 and answer.mimetype == "application/problem+json"


def test_others_deliver_alerts_with_a_token(app: Flask, make: Make) -> None:
    body = payload(alert("0123456789abcdef"))
    assert call(app, "POST", "/api/v1/alertmanager", make("alerts:write"), body).status_code == 200
    assert call(app, "POST", "/api/v1/alertmanager", "delivery-token", body).status_code == 200
    assert call(app, "POST", "/api/v1/alertmanager", make("read", name="reader"), body).status_code == 403
    assert call(app, "POST", "/api/v1/alertmanager", "srn_opens-nothing", body).status_code == 401


def test_a_session_delivers_nothing(signed_in: Begin) -> None:
    assert signed_in("alice").api("POST", "/api/v1/alertmanager", payload()).status_code == 401


def test_the_last_use_is_known_and_costs_one_write_a_minute(
    app: Flask, make: Make, database: Database, clock: Clock
) -> None:
    token = make("read")

    def used() -> tuple[object, str | None]:
        call(app, "GET", "/api/v1/alerts", token, X_Forwarded_For="198.51.100.7")
        with database.unit_of_work() as session:
            row = session.query(TokenRow).one()
            return row.last_used_at, row.last_address

    first = clock()
    assert used() == (first, "198.51.100.7")
    clock.advance(seconds=30)
    assert used() == (first, "198.51.100.7")
    clock.advance(seconds=30)
    assert used() == (clock(), "198.51.100.7")


def test_a_full_disk_takes_no_token_away(
    app: Flask, make: Make, database: Database, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make("read")
    refuse_writes_without_room(database.engine, tmp_path)  # type: ignore[arg-type]
    monkeypatch.setattr(room, "LEAST_BYTES", 2**62)
    assert call(app, "GET", "/api/v1/alerts", token).status_code == 200
