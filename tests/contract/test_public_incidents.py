"""The past on a real database: what is published is read with a constant number of statements, by indexes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from sereno.core.text import Text
from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.incidents.service import Incidents
from sereno.respond.status.public_incidents import PublicIncidents

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOB = Actor("bob", "192.0.2.1")


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_reading_what_was_published_takes_the_same_statements_for_one_and_for_many(
    database: Database, statements: list[str]
) -> None:
    room = Incidents(database, clock=lambda: NOON)
    public = PublicIncidents(database, own_alerts=(), public_names=set)
    counts = []
    for wanted in (1, 30):
        for _ in range(wanted):
            one = room.open(Text("Slow", "Lento"), "critical", ["mysql"], actor=BOB)
            room.publish(one.id, "We know.", BOB)
        statements.clear()
        found = public.recent(NOON - timedelta(days=14))
        counts.append(len([each for each in statements if each.startswith("SELECT")]))
        assert all(each.updates[0].text == "We know." for each in found)
    assert len(found) == 31
    assert counts[0] == counts[1] <= 3
    assert len(public.between(NOON, NOON + timedelta(days=1))) == 31
    assert len(public.of("mysql", NOON)) == 31
    assert public.of("nginx", NOON) == ()
