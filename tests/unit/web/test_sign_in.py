"""Signing in and out, sessions, and the password that must be changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from tests.equipment.desk import Visitor
from tests.unit.web.conftest import Clock

from sereno.database.session import Database
from sereno.guard import service
from sereno.guard.model import User
from sereno.guard.tables import FailureRow, SessionRow, UserRow

Begin = Callable[..., Visitor]
RIGHT = "quiet lamps burn low"


def test_the_right_password_opens_the_desk(visitor: Visitor, cast: dict[str, User]) -> None:
    answer = visitor.sign_in("alice")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk")
    assert "Good watch, alice" in visitor.get("/desk").text


def test_the_name_may_be_written_with_capitals(visitor: Visitor, cast: dict[str, User]) -> None:
    assert visitor.sign_in(" Alice ", RIGHT).status_code == 303


@pytest.mark.parametrize(("name", "password"), [("alice", "Quiet lamps burn low"), ("nobody", RIGHT), ("", "")])
def test_a_refusal_does_not_say_what_was_wrong(
    visitor: Visitor, cast: dict[str, User], name: str, password: str
) -> None:
    answer = visitor.post("/login", {"name": name, "password": password})
    assert answer.status_code == 422
    assert "Name or password are wrong" in answer.text
    assert visitor.get("/desk").status_code == 303


def test_the_session_cookie_is_out_of_reach(visitor: Visitor, cast: dict[str, User]) -> None:
    cookies = visitor.sign_in("alice").headers.getlist("Set-Cookie")
    (session,) = [cookie for cookie in cookies if cookie.startswith("sereno_session=")]
    assert "HttpOnly" in session and "Secure" in session and "SameSite=Lax" in session and "Path=/" in session
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)


def test_the_database_holds_no_token(visitor: Visitor, cast: dict[str, User], database: Database) -> None:
    visitor.sign_in("alice")
    token = visitor.client.get_cookie("sereno_session", domain="desk.test").value
    with database.unit_of_work() as session:
        row = session.scalars(select(SessionRow)).one()
        assert token not in row.token_sha256 and len(row.token_sha256) == 64
        assert row.address == "192.0.2.1" and row.user_agent == "Lantern/1.0"


def session_of(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("sereno_session", domain="desk.test")
    assert cookie is not None
    return cookie.value


def test_signing_in_again_ends_the_old_session(app: Flask, signed_in: Begin) -> None:
    alice, same_browser = signed_in("alice"), Visitor(app)
    old = session_of(alice)
    form = {"name": "bob", "password": "the owl sleeps at noon", "csrf_token": same_browser.token()}
    same_browser.client.set_cookie("sereno_session", old, domain="desk.test")
    assert same_browser.client.post("/login", base_url="https://desk.test", data=form).status_code == 303
    assert session_of(same_browser) != old
    assert alice.get("/desk").status_code == 303


def test_a_form_token_from_before_the_sign_in_is_worth_nothing_after_it(
    visitor: Visitor, cast: dict[str, User]
) -> None:
    before = visitor.token()
    visitor.sign_in("alice")
    assert visitor.post("/users/add", {"csrf_token": before, "name": "dora"}).status_code == 400
    assert visitor.post("/users/add", {"name": "dora"}).status_code == 201


def test_signing_out_ends_the_session_wherever_its_token_went(app: Flask, signed_in: Begin) -> None:
    alice, thief = signed_in("alice"), Visitor(app)
    thief.client.set_cookie(
        "sereno_session", alice.client.get_cookie("sereno_session", domain="desk.test").value, domain="desk.test"
    )
    assert thief.get("/desk").status_code == 200
    assert alice.post("/logout").headers["Location"] == "/login"
    assert alice.get("/desk").status_code == 303
    assert thief.get("/desk").status_code == 303


def test_a_session_ends_after_twelve_idle_hours(signed_in: Begin, clock: Clock) -> None:
    alice = signed_in("alice")
    for _ in range(3):
        clock.advance(hours=11, minutes=59)
        assert alice.get("/desk").status_code == 200
    clock.advance(hours=12, seconds=1)
    assert alice.get("/desk").status_code == 303


def test_a_session_ends_after_seven_days_however_busy(signed_in: Begin, clock: Clock) -> None:
    alice = signed_in("alice")
    for _ in range(27):
        clock.advance(hours=6)
        assert alice.get("/desk").status_code == 200
    clock.advance(hours=6)
    assert alice.get("/desk").status_code == 303


def test_a_disabled_account_is_refused_at_once_and_cannot_sign_in(signed_in: Begin, cast: dict[str, User]) -> None:
    alice, bob = signed_in("alice"), signed_in("bob", address="192.0.2.2")
    alice.post(f"/users/{cast['bob'].id}/disable")
    assert bob.get("/desk").status_code == 303
    assert bob.sign_in("bob").status_code == 422
    alice.post(f"/users/{cast['bob'].id}/enable")
    assert bob.get("/desk").status_code == 303, "an ended session stays ended"
    assert bob.sign_in("bob").status_code == 303


def test_a_role_taken_away_is_gone_at_the_next_request(
    signed_in: Begin, cast: dict[str, User], database: Database
) -> None:
    alice = signed_in("alice")
    with database.unit_of_work() as session:
        session.get(UserRow, cast["alice"].id).role = "viewer"
    assert alice.get("/users").status_code == 403


def test_other_sessions_can_be_ended_and_nobody_elses(
    signed_in: Begin, cast: dict[str, User], database: Database
) -> None:
    here, there, bob = signed_in("alice"), signed_in("alice", address="198.51.100.7"), signed_in("bob")
    assert "198.51.100.7" in here.get("/account").text
    with database.unit_of_work() as session:
        numbers = {row.address: row.id for row in session.scalars(select(SessionRow))}
    assert bob.post(f"/account/sessions/{numbers['198.51.100.7']}/end").status_code == 404
    assert here.post(f"/account/sessions/{numbers['198.51.100.7']}/end").status_code == 303
    assert there.get("/desk").status_code == 303
    again = signed_in("alice", address="198.51.100.8")
    here.post("/account/sessions/end-others")
    assert again.get("/desk").status_code == 303
    assert here.get("/desk").status_code == bob.get("/desk").status_code == 200


def test_the_first_administrator_must_change_the_password_before_anything_else(
    app: Flask, database: Database, clock: Clock
) -> None:
    with database.unit_of_work() as session:
        assert service.ensure_first_administrator(session, "first lamp of all", now=clock())
    admin = Visitor(app)
    assert admin.sign_in("admin", "first lamp of all").headers["Location"] == "/password"
    for path in ("/desk", "/users", "/users/add", "/account", "/audit"):
        assert admin.get(path).headers["Location"] == "/password", path
    assert admin.api("GET", "/api/v1/users").status_code == 403
    assert admin.post("/users/add", {"name": "x2", "role": "admin"}).headers["Location"] == "/password"
    token = admin.client.get_cookie("sereno_session", domain="desk.test").value
    answer = admin.post(
        "/password", {"present": "first lamp of all", "new": "a lamp of my own", "repeated": "a lamp of my own"}
    )
    assert answer.headers["Location"] == "/desk"
    assert admin.get("/users").status_code == 200
    assert admin.client.get_cookie("sereno_session", domain="desk.test").value != token


def test_signing_out_works_while_the_password_must_change(app: Flask, database: Database, clock: Clock) -> None:
    with database.unit_of_work() as session:
        service.ensure_first_administrator(session, "first lamp of all", now=clock())
    admin = Visitor(app)
    admin.sign_in("admin", "first lamp of all")
    assert admin.post("/logout").headers["Location"] == "/login"


@pytest.mark.parametrize(
    ("present", "new", "repeated", "said"),
    [
        ("wrong", "a lamp of my own", "a lamp of my own", "present password is wrong"),
        (RIGHT, "a lamp of my own", "a lamp of my onw", "differ"),
        (RIGHT, RIGHT, RIGHT, "This is the present password"),
        (RIGHT, "short", "short", "at least 12"),
        (RIGHT, "password1234", "password1234", "tried first"),
        (RIGHT, "alice 123456", "alice 123456", "user name"),
    ],
)
def test_a_password_change_is_refused_with_the_reason(
    signed_in: Begin, present: str, new: str, repeated: str, said: str
) -> None:
    answer = signed_in("alice").post("/password", {"present": present, "new": new, "repeated": repeated})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_new_password_ends_the_other_sessions_and_works(app: Flask, signed_in: Begin) -> None:
    here, there = signed_in("alice"), signed_in("alice")
    here.post("/password", {"present": RIGHT, "new": "a lamp of my own", "repeated": "a lamp of my own"})
    assert here.get("/desk").status_code == 200
    assert there.get("/desk").status_code == 303
    assert Visitor(app).sign_in("alice", RIGHT).status_code == 422
    assert Visitor(app).sign_in("alice", "a lamp of my own").status_code == 303


def test_guessing_is_slowed_and_the_wait_is_told(visitor: Visitor, cast: dict[str, User], clock: Clock) -> None:
    for _ in range(7):
        answer = visitor.sign_in("alice", "no idea at all")
        clock.advance(seconds=1)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "1"
    assert "Seconds to wait before the next one: 1." in answer.text
    assert visitor.sign_in("alice").status_code == 303, "the wait is over, the right password works"


def test_the_owner_gets_in_while_others_guess(app: Flask, cast: dict[str, User]) -> None:
    owner = Visitor(app, address="198.51.100.1")
    owner.sign_in("alice")
    owner.post("/logout")
    for number in range(40):
        Visitor(app, address=f"203.0.113.{number % 4}").sign_in("alice", "guess after guess")
    beside = Visitor(app, address="203.0.113.1")
    assert beside.sign_in("alice").status_code == 429
    assert Visitor(app, address="198.51.100.99").sign_in("alice").status_code == 303, "an address without failures"
    owner.headers["X-Forwarded-For"] = "203.0.113.1"
    assert owner.sign_in("alice").status_code == 303, "a known browser, even from the guesser's address"


def test_another_accounts_known_browser_is_no_help(app: Flask, signed_in: Begin) -> None:
    bob = signed_in("bob", address="203.0.113.1")
    bob.post("/logout")
    statuses = {bob.sign_in("alice", "guess after guess").status_code for _ in range(10)}
    assert statuses == {422, 429}


def test_guessing_the_present_password_in_a_stolen_session_is_slowed(signed_in: Begin) -> None:
    alice = signed_in("alice")
    form = {"present": "guess", "new": "a lamp of my own", "repeated": "a lamp of my own"}
    statuses = [alice.post("/password", form).status_code for _ in range(7)]
    assert statuses[:5] == [422] * 5 and statuses[-1] == 429


def test_failures_are_kept_without_what_was_typed(visitor: Visitor, database: Database) -> None:
    visitor.sign_in("My secret password!", "oops, wrong field")
    with database.unit_of_work() as session:
        row = session.scalars(select(FailureRow)).one()
        assert "secret" not in str(vars(row)).lower()


def test_an_outdated_hash_is_renewed_at_the_next_sign_in(
    visitor: Visitor, cast: dict[str, User], database: Database
) -> None:
    from argon2 import PasswordHasher

    with database.unit_of_work() as session:
        old = session.get(UserRow, cast["alice"].id)
        old.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(RIGHT)
    assert visitor.sign_in("alice").status_code == 303
    with database.unit_of_work() as session:
        assert "m=19456,t=2,p=1" in session.get(UserRow, cast["alice"].id).password_hash
