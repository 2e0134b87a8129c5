"""`Idempotency-Key`: what is sent twice is carried out once; a crash between two steps neither loses nor doubles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from tests.equipment.desk import Visitor
from tests.unit.web.conftest import Clock
from werkzeug.test import TestResponse

from sereno.core.errors import Conflict, Unavailable
from sereno.database.also import with_each_change
from sereno.database.session import Database
from sereno.guard import repeats
from sereno.guard.model import User
from sereno.guard.tables import AuditRow, RepeatRow, UserRow

Begin = Callable[..., Visitor]
PROBE = {"target": "http://127.0.0.1:7999/health", "name": "front"}


@pytest.fixture
def bob(signed_in: Begin) -> Visitor:
    return signed_in("bob")


def add(visitor: Visitor, body: object, key: str = "one") -> TestResponse:
    return visitor.api("POST", "/api/v1/probes", body, Idempotency_Key=key)


def names(visitor: Visitor) -> list[str]:
    return [each["name"] for each in visitor.api("GET", "/api/v1/probes").json["probes"] if each["id"]]


def test_the_same_request_is_carried_out_once_and_answered_the_same(bob: Visitor) -> None:
    first, again = add(bob, PROBE), add(bob, PROBE)
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert names(bob) == ["front"]


def test_without_a_key_or_with_another_one_it_is_another_request(bob: Visitor) -> None:
    assert add(bob, PROBE).status_code == 201
    assert add(bob, PROBE, "two").status_code == 409
    assert bob.api("POST", "/api/v1/probes", PROBE).status_code == 409


def test_another_body_under_the_same_key_is_refused(bob: Visitor) -> None:
    add(bob, PROBE)
    refused = add(bob, {**PROBE, "name": "back"})
    assert refused.status_code == 422 and "another body" in refused.json["detail"]
    assert names(bob) == ["front"]


def test_a_key_is_its_senders_own(bob: Visitor, signed_in: Begin) -> None:
    add(bob, PROBE)
    assert add(signed_in("alice"), {**PROBE, "name": "back"}).status_code == 201


def test_a_key_is_forgotten_after_a_day(bob: Visitor, clock: Clock) -> None:
    add(bob, PROBE)
    clock.advance(hours=11)
    bob.get("/desk")
    clock.advance(hours=11)
    assert add(bob, PROBE).headers["Idempotency-Replayed"] == "true"
    clock.advance(hours=3)
    assert add(bob, PROBE).status_code == 409, "carried out anew: the name is taken"


def test_what_was_refused_leaves_its_key_free(bob: Visitor, database: Database) -> None:
    assert add(bob, {"target": "gopher://127.0.0.1/", "kind": "http"}).status_code == 400
    with database.unit_of_work() as session:
        assert session.scalars(select(RepeatRow)).all() == []
    assert add(bob, PROBE).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_key_that_is_none_is_refused(bob: Visitor, key: str) -> None:
    assert add(bob, PROBE, key).status_code == 400
    assert names(bob) == []


def test_an_answer_that_holds_a_secret_is_not_kept(signed_in: Begin, database: Database) -> None:
    alice = signed_in("alice")
    first = alice.api("POST", "/api/v1/users", {"name": "dora"}, Idempotency_Key="one")
    again = alice.api("POST", "/api/v1/users", {"name": "dora"}, Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 409)
    assert "carried out already" in again.json["detail"]
    with database.unit_of_work() as session:
        row = session.scalars(select(RepeatRow)).one()
        assert row.body is None and first.json["password"] not in str(vars(row))


def wanted(cast: dict[str, User], body: bytes = b"{}") -> repeats.Wanted:
    return repeats.Wanted("k" * 64, body.hex().ljust(64, "0"))


def test_while_the_first_is_under_way_the_second_is_told_so(
    database: Database, cast: dict[str, User], clock: Clock
) -> None:
    with database.unit_of_work() as session:
        claimed = repeats.claim(session, wanted(cast), now=clock())
        assert isinstance(claimed, repeats.Claim)
    clock.advance(seconds=59)
    with database.unit_of_work() as session, pytest.raises(repeats.UnderWay):
        repeats.claim(session, wanted(cast), now=clock())


def test_a_claim_of_a_dead_process_is_taken_over_and_a_slow_one_undone(
    database: Database, cast: dict[str, User], clock: Clock
) -> None:
    with database.unit_of_work() as session:
        slow = repeats.claim(session, wanted(cast), now=clock())
    clock.advance(seconds=60)
    with database.unit_of_work() as session:
        taken = repeats.claim(session, wanted(cast), now=clock())
    assert isinstance(slow, repeats.Claim) and isinstance(taken, repeats.Claim)

    def rename(who: repeats.Claim, name: str) -> None:
        with (
            with_each_change(lambda session: repeats.mark_done(session, who, now=clock())),
            database.unit_of_work() as session,
        ):
            session.get_one(UserRow, cast["bob"].id).name = name

    with pytest.raises(Conflict):
        rename(slow, "slow")
    rename(taken, "taken")
    with database.unit_of_work() as session:
        assert session.get_one(UserRow, cast["bob"].id).name == "taken"


def test_the_note_and_the_change_are_stored_together_or_not_at_all(
    app: Flask, bob: Visitor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_arguments: object, **_options: object) -> None:
        raise Unavailable("killed before the commit")

    with monkeypatch.context() as broken:
        broken.setattr(repeats, "mark_done", dies)
        assert add(bob, PROBE).status_code == 503
    assert names(bob) == []
    with monkeypatch.context() as broken:
        broken.setattr(repeats, "keep", dies)
        assert add(bob, PROBE).status_code == 201, "carried out, and its sender hears so"
    again = add(bob, PROBE)
    assert again.status_code == 409 and "carried out already" in again.json["detail"]
    assert names(bob) == ["front"]


def test_a_transaction_that_only_reads_marks_nothing(database: Database, cast: dict[str, User]) -> None:
    seen: list[str] = []
    with with_each_change(lambda _session: seen.append("changed")):
        with database.unit_of_work() as session:
            session.scalars(select(AuditRow)).all()
        assert seen == []
        with database.unit_of_work() as session:
            session.get_one(UserRow, cast["bob"].id).language = "es"
        assert seen == ["changed"]
    with database.unit_of_work() as session:
        session.get_one(UserRow, cast["bob"].id).language = "en"
    assert seen == ["changed"]
