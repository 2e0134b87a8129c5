"""`/backups` and `/api/v1/backups`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.equipment.desk import Visitor

from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.keep.backups import store
from sereno.keep.backups.folder import told_record
from sereno.keep.backups.model import Attempt, Backup, Condition, Proof, file_name

Begin = Callable[[str], Visitor]


def tell(database: Database, condition: Condition, now: datetime) -> None:
    record = told_record(condition, folder="/var/lib/sereno/data/backups", at="03:15")
    in_one_transaction(database, lambda session: store.tell(session, record, now=now))


@pytest.fixture
def condition(clock: Callable[[], datetime], database: Database) -> Condition:
    """Two backups: one that restores, and an encrypted one that does not."""
    now = clock()
    first = Backup(
        file_name(now - timedelta(hours=30), sealed=False),
        now - timedelta(hours=30),
        *(2.5, 5_000_000, "ab", 9, 1234, now, "0.1.0", "10.11", "0005"),
        Proof(now, 3.0, True),
    )
    at = now - timedelta(hours=6)
    second = replace(
        first, name=file_name(at, sealed=True), made_at=at, proof=Proof(at, 3.0, False, "user has 2 rows instead of 3")
    )
    told = Condition(at, (second, first), Attempt(at, True))
    tell(database, told, now)
    return told


def test_the_page_shows_each_file_with_its_proof(signed_in: Begin, condition: Condition) -> None:
    page = signed_in("charlie").get("/backups").text
    assert all(each.name in page for each in condition.backups)
    assert "user has 2 rows instead of 3" in page and "restores" in page and "encrypted" in page
    assert "6 hours" in page and "03:15" in page
    assert "Back up now" not in page, "a viewer may look and not more"


def test_it_speaks_spanish(signed_in: Begin, condition: Condition) -> None:
    page = signed_in("charlie").get("/backups?lang=es").text
    assert "Copias de seguridad" in page and "no se restaura" in page and "6 horas" in page


def test_before_the_worker_has_told_anything_the_page_says_so(signed_in: Begin) -> None:
    visitor = signed_in("bob")
    assert "The worker has told nothing" in visitor.get("/backups").text
    assert visitor.api("POST", "/api/v1/backups").status_code == 503


def test_a_failed_attempt_is_shown(
    signed_in: Begin, condition: Condition, database: Database, clock: Callable[[], datetime]
) -> None:
    tell(database, replace(condition, last_attempt=Attempt(condition.since, False, "the disk is full")), clock())
    assert "the disk is full" in signed_in("charlie").get("/backups").text


def test_an_operator_asks_once(signed_in: Begin, condition: Condition) -> None:
    visitor = signed_in("bob")
    assert "Back up now" in visitor.get("/backups").text
    assert visitor.post("/backups").status_code == 303
    page = visitor.get("/backups").text
    assert "it begins within seconds" in page and "disabled" in page
    visitor.post("/backups")
    assert "being made already" in visitor.get("/backups").text
    assert visitor.api("POST", "/api/v1/backups").status_code == 409


def test_a_viewer_may_not_ask(signed_in: Begin, condition: Condition) -> None:
    visitor = signed_in("charlie")
    assert visitor.post("/backups").status_code == 403
    assert visitor.api("POST", "/api/v1/backups").status_code == 403


def test_programs_are_told_the_same(signed_in: Begin, condition: Condition) -> None:
    visitor = signed_in("bob")
    told = visitor.api("GET", "/api/v1/backups").json
    assert [each["name"] for each in told["backups"]] == [each.name for each in condition.backups]
    assert [each["proof"]["good"] for each in told["backups"]] == [False, True]
    assert [each["sealed"] for each in told["backups"]] == [True, False]
    assert told["last_order"] is None
    asked = visitor.api("POST", "/api/v1/backups")
    assert asked.status_code == 202 and asked.json["asked_by"] == "bob"
    assert visitor.api("GET", "/api/v1/backups").json["last_order"]["id"] == asked.json["id"]
