"""Signals, silences, and the incidents of silences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from tests.equipment.desk import memory_database

import sereno.respond.heartbeats.tables
import sereno.respond.incidents.tables  # noqa: F401 -- known to the metadata also when this test runs alone.
from sereno.core.errors import Conflict, NotFound
from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.heartbeats.model import Expectation
from sereno.respond.heartbeats.model import State as Standing
from sereno.respond.heartbeats.service import Heartbeats
from sereno.respond.incidents.model import Incident, State
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted

ANA = Actor("ana", "192.0.2.1")
MINUTELY = Expectation(timedelta(minutes=1), timedelta(seconds=30), "warning")


@dataclass
class House:
    database: Database = field(default_factory=memory_database)
    now: datetime = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    answers: bool = True

    def clock(self) -> datetime:
        return self.now

    @property
    def heartbeats(self) -> Heartbeats:
        return Heartbeats(self.database, Incidents(self.database, clock=self.clock), clock=self.clock)

    def beat(self, name: str = "backup") -> None:
        self.heartbeats.beat(name, actor="token:cron", otherwise=MINUTELY)

    def pass_by(self, *, seconds: int, beating: Callable[[], None] | None = None) -> None:
        """Time passes, and the worker looks every five seconds."""
        for _ in range(seconds // 5):
            self.now += timedelta(seconds=5)
            if beating:
                beating()
            self.heartbeats.look(lambda: self.answers)

    def incidents(self) -> list[Incident]:
        return list(Incidents(self.database, clock=self.clock).page(Wanted()).incidents)


@pytest.fixture
def house() -> House:
    made = House()
    made.pass_by(seconds=600)
    return made


def test_a_signal_declares_what_is_unknown_and_is_noted_for_what_is_known(house: House) -> None:
    house.beat()
    first = house.now
    house.pass_by(seconds=30)
    house.beat()
    (found,) = house.heartbeats.listed()
    assert (found.expectation, found.created_by, found.created_at) == (MINUTELY, "token:cron", first)
    assert found.last_at == house.now


def test_a_signal_leaves_what_was_declared_as_it_is(house: House) -> None:
    declared = Expectation(timedelta(days=1), timedelta(hours=1), "critical")
    house.heartbeats.declare("backup", declared, actor=ANA)
    house.beat()
    assert house.heartbeats.get("backup").expectation == declared


def test_silence_opens_one_incident_that_resolves_when_signals_come_again(house: House) -> None:
    house.beat()
    house.pass_by(seconds=600, beating=house.beat)
    assert house.incidents() == []
    house.pass_by(seconds=600)
    (incident,) = house.incidents()
    assert (incident.title.en, incident.title.es) == ("No sign of life from backup", "Sin señales de vida de backup")
    assert (incident.opened_by, incident.severity, incident.components) == ("heartbeat:backup", "warning", ("backup",))
    assert incident.opened_at == house.heartbeats.get("backup").due_at()
    assert house.heartbeats.get("backup").state(house.now) is Standing.MISSING
    house.pass_by(seconds=10, beating=house.beat)
    (incident,) = house.incidents()
    assert (incident.state, incident.resolved_by) == (State.RESOLVED, "heartbeat:backup")
    assert house.heartbeats.get("backup").state(house.now) is Standing.ALIVE
    house.pass_by(seconds=600)
    assert len(house.incidents()) == 2, "a further silence is a further incident"


def test_a_person_who_resolves_it_is_not_told_again_of_the_same_silence(house: House) -> None:
    house.beat()
    house.pass_by(seconds=120)
    Incidents(house.database, clock=house.clock).resolve(house.incidents()[0].id, ANA)
    house.pass_by(seconds=600)
    house.beat()
    house.pass_by(seconds=20)
    assert len(house.incidents()) == 1
    assert house.heartbeats.get("backup").incident_id is None


def test_while_the_desk_does_not_answer_nothing_is_missed_and_afterwards_it_gets_its_turn(house: House) -> None:
    house.beat()
    house.answers = False
    house.pass_by(seconds=3600)
    house.answers = True
    house.pass_by(seconds=85)
    assert house.incidents() == []
    house.pass_by(seconds=15)
    assert len(house.incidents()) == 1


def test_the_worker_that_was_away_does_not_alarm_at_once(house: House) -> None:
    house.beat()
    house.now += timedelta(hours=5)
    house.pass_by(seconds=85)
    assert house.incidents() == []


def test_paused_it_is_not_expected_and_resumed_it_is_from_then_on(house: House) -> None:
    house.beat()
    house.pass_by(seconds=120)
    house.heartbeats.pause("backup", paused=True, actor=ANA)
    assert [each.state for each in house.incidents()] == [State.RESOLVED]
    house.pass_by(seconds=3600)
    house.heartbeats.pause("backup", paused=False, actor=ANA)
    house.pass_by(seconds=80)
    assert len(house.incidents()) == 1
    house.pass_by(seconds=20)
    assert len(house.incidents()) == 2


def test_what_is_removed_takes_its_incident_with_it(house: House) -> None:
    house.beat()
    house.pass_by(seconds=120)
    house.heartbeats.remove("backup", actor=ANA)
    assert [each.state for each in house.incidents()] == [State.RESOLVED]
    assert house.heartbeats.listed() == ()
    with pytest.raises(NotFound):
        house.heartbeats.get("backup")


def test_a_new_one_cannot_take_anothers_name(house: House) -> None:
    house.heartbeats.declare("backup", MINUTELY, actor=ANA, is_new=True)
    with pytest.raises(Conflict):
        house.heartbeats.declare("backup", MINUTELY, actor=ANA, is_new=True)
