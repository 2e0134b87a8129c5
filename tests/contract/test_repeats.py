"""The same request sent many times at once, on real servers: one carries it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from sereno.database.also import with_each_change
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit, repeats
from sereno.guard.model import Actor, Identity, Role
from sereno.guard.repeats import Claim, Kept, UnderWay, Wanted
from sereno.guard.tables import AuditRow, RepeatRow

pytestmark = pytest.mark.system

NOW = datetime(2026, 11, 24, 12, 0, 0, 654321, tzinfo=UTC)
ALICE = Identity(1, "alice", Role.ADMIN, None, False, 1)
WANTED = Wanted.of(ALICE, "POST", "/api/v1/probes?", "one", b"{}")


def send(database: Database, at: datetime = NOW) -> str:
    """What `web/repeats.py` does around a view."""
    found = in_one_transaction(database, lambda session: repeats.claim(session, WANTED, now=at))
    if isinstance(found, Kept):
        return f"replayed {found.body}"
    with with_each_change(lambda session: repeats.mark_done(session, found, now=at)):
        in_one_transaction(
            database, lambda session: audit.record(session, Actor("alice", "local"), "probe.add", "probe:x", now=at)
        )
    in_one_transaction(database, lambda session: repeats.keep(session, found, Kept(201, None, "made"), now=at))
    return "made"


def made(database: Database) -> int:
    with database.unit_of_work() as session:
        return len(session.scalars(select(AuditRow)).all())


def test_one_of_many_carries_it_out(database: Database, at_once: Callable[..., list[object]]) -> None:
    outcomes = at_once(*[lambda: send(database)] * 8)
    assert outcomes.count("made") == 1
    assert all(outcome in ("made", "replayed made") or isinstance(outcome, UnderWay) for outcome in outcomes), outcomes
    assert made(database) == 1
    assert send(database) == "replayed made"


def test_one_of_many_takes_over_what_a_dead_process_left(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    left = in_one_transaction(database, lambda session: repeats.claim(session, WANTED, now=NOW))
    assert isinstance(left, Claim)
    later = NOW + timedelta(minutes=1)
    outcomes = at_once(*[lambda: send(database, later)] * 8)
    assert outcomes.count("made") == 1 and made(database) == 1, outcomes


def test_keys_are_forgotten_after_a_day(database: Database) -> None:
    assert send(database) == "made"
    assert send(database, NOW + timedelta(hours=23, minutes=59)) == "replayed made"
    assert send(database, NOW + timedelta(hours=24)) == "made"
    with database.unit_of_work() as session:
        assert len(session.scalars(select(RepeatRow)).all()) == 1
