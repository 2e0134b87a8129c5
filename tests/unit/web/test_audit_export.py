"""The audit trail: searched by who, what, whom and when; taken away as a file that no spreadsheet computes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from sqlalchemy import delete, update
from tests.equipment.desk import Visitor
from tests.unit.web.conftest import Clock

from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard.model import Actor, User
from sereno.guard.tables import AuditRow
from sereno.web import audit_export
from sereno.web.audit_export import harmless

Begin = Callable[..., Visitor]


@pytest.fixture
def alice(signed_in: Begin) -> Visitor:
    return signed_in("alice")


def tell(database: Database, clock: Clock, actor: str, action: str, subject: str, **new: object) -> None:
    with database.unit_of_work() as session:
        audit.record(session, Actor(actor, "192.0.2.9"), action, subject, now=clock(), new=new)


def test_it_is_searched_by_who_and_whom(alice: Visitor, database: Database, clock: Clock) -> None:
    tell(database, clock, "token:ci", "probe.add", "probe:front")
    tell(database, clock, "bob", "probe.add", "probe:back")
    tell(database, clock, "100%", "probe.add", "probe:100")
    by = lambda query: [e["subject"] for e in alice.api("GET", f"/api/v1/audit?{query}").json["entries"]]  # noqa: E731
    assert by("actor=token:") == ["probe:front"]
    assert by("subject=probe:b") == ["probe:back"]
    assert by("actor=bob&subject=probe:front") == []
    assert by("actor=%25") == [] and by("actor=100%25") == ["probe:100"], "a percent sign is only itself"
    page = alice.get("/audit?actor=token%3A&action=probe.add").text
    assert "probe:front" in page and "probe:back" not in page
    assert 'href="/audit/export.csv?actor=token%3A&amp;action=probe.add"' in page


def test_csv_holds_all_that_fit_newest_first(
    alice: Visitor, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "AT_ONCE", 3)
    for number in range(7):
        tell(database, clock, "bob", "probe.add", f"probe:p{number}", title=f"n° {number}")
    answer = alice.get("/audit/export.csv?subject=probe%3A")
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-20261124-120000.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    head, *rows = list(csv.reader(io.StringIO(answer.text)))
    assert head == list(audit_export.COLUMNS)
    assert [row[5] for row in rows] == [f"probe:p{number}" for number in reversed(range(7))]
    assert rows[0][1] == "2026-11-24T12:00:00Z" and json.loads(rows[0][7]) == {"title": "n° 6"}


def test_json_lines_hold_the_same(alice: Visitor, database: Database, clock: Clock) -> None:
    tell(database, clock, "bob", "probe.add", "probe:front", title="two\nlines")
    answer = alice.get("/audit/export.jsonl?action=probe.add")
    (line,) = answer.text.splitlines()
    assert json.loads(line)["new"] == {"title": "two\nlines"}


def test_taking_it_away_is_told_as_well(alice: Visitor) -> None:
    assert alice.get("/audit/export.csv?actor=bob").status_code == 200
    (entry,) = alice.api("GET", "/api/v1/audit?action=audit.export").json["entries"]
    assert (entry["actor"], entry["subject"], entry["new"]) == ("alice", "audit:csv", {"actor": "bob"})


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_it_is_for_administrators(signed_in: Begin, name: str) -> None:
    assert signed_in(name).get("/audit/export.csv").status_code == 403
    assert signed_in(name).get("/audit/export.jsonl").status_code == 403


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '=cmd|"/c calc"!A0'])
def test_what_a_spreadsheet_would_compute_is_text(alice: Visitor, database: Database, clock: Clock, cell: str) -> None:
    assert harmless(cell) == f"'{cell}" and harmless("probe:front") == "probe:front"
    tell(database, clock, cell, "probe.add", cell)
    _head, row = list(csv.reader(io.StringIO(alice.get("/audit/export.csv?action=probe.add").text, newline="")))
    assert row[2] == row[5] == f"'{cell}"


def test_the_program_cannot_change_what_it_told(database: Database, clock: Clock, cast: dict[str, User]) -> None:
    tell(database, clock, "bob", "probe.add", "probe:front")
    for statement in (update(AuditRow).values(actor="nobody"), delete(AuditRow)):
        with database.unit_of_work() as session, pytest.raises(RuntimeError, match="only grows"):
            session.execute(statement)
    with pytest.raises(RuntimeError, match="only grows"), database.unit_of_work() as session:
        session.query(AuditRow).one().actor = "nobody"
    with pytest.raises(RuntimeError, match="only grows"), database.unit_of_work() as session:
        session.delete(session.query(AuditRow).one())
    with database.unit_of_work() as session:
        assert [entry.actor for entry in audit.find(session, audit.Search())] == ["bob"]
