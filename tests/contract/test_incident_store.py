"""Incidents on real servers: many deliveries at once, two people at once, odd labels, and what each delivery costs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select
from tests.equipment.incidents import fill

from sereno.core.errors import Conflict
from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Report, Told, ended, firing
from sereno.respond.alerts.service import Alerts
from sereno.respond.alerts.tables import AlertRow
from sereno.respond.incidents.model import State
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted
from sereno.respond.incidents.tables import EventRow, IncidentRow

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
BOB, ALICE = Actor("bob", "192.0.2.1"), Actor("alice", "192.0.2.2")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def delivery(*reports: Report, group: str = "g", **labels: str) -> Delivery:
    said = {"alertname": "Slow", "severity": "warning", "component": "shop", **labels}
    return Delivery(tuple(Told(each, Details(said, {"summary": "slow"}), group) for each in reports), 0, at(0))


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_one_group_delivered_by_sixteen_at_once_is_one_incident(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    alerts = Alerts(database, clock=lambda: at(0))
    for number in range(8):
        results = at_once(
            *(
                lambda each=each, number=number: alerts.receive(
                    delivery(firing(f"{number}-{each}", at(0)), group=f"g{number}")
                )
                for each in range(16)
            )
        )
        assert not [result for result in results if isinstance(result, Exception)]
    with database.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(IncidentRow)) == 8
        counts = session.execute(select(AlertRow.incident_id, func.count()).group_by(AlertRow.incident_id)).all()
        assert [count for _id, count in counts] == [16] * 8
        opened = select(func.count()).select_from(EventRow).where(EventRow.kind == "opened", EventRow.pending.is_(True))
        assert session.scalar(opened) == 8


def test_of_people_who_acknowledge_at_once_one_has_it_and_the_others_are_told_who(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    alerts, incidents = Alerts(database), Incidents(database, clock=lambda: at(1))
    for number in range(10):
        alerts.receive(delivery(firing(f"f{number}", at(0)), group=f"g{number}"))
    for incident in incidents.page(Wanted()).incidents:
        results = at_once(
            *(lambda who=who, id=incident.id: incidents.acknowledge(id, who) for who in (ALICE, BOB, ALICE, BOB))
        )
        refused = [result for result in results if isinstance(result, Conflict)]
        assert len(refused) == 3
        taken_by = incidents.get(incident.id).acknowledged_by
        assert all(f"by {taken_by}" in error.message for error in refused)


def test_an_alert_that_fires_while_its_incident_resolves_leaves_it_open(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    now = at(60)
    alerts, incidents = Alerts(database, clock=lambda: now), Incidents(database, clock=lambda: now)
    for number in range(20):
        alerts.receive(delivery(firing(f"a{number}", at(0)), ended(f"a{number}", at(0), at(50)), group=f"g{number}"))
    results = at_once(
        incidents.settle,
        incidents.settle,
        *(
            lambda number=number: alerts.receive(delivery(firing(f"b{number}", at(55)), group=f"g{number}"))
            for number in range(20)
        ),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    incidents.settle()
    states = {each.state for each in incidents.page(Wanted(limit=100)).incidents}
    assert states == {State.OPEN}


ODD = {
    "absurd severity": {"severity": "💥" * 300},
    "long label": {"blob": "x" * 100_000},
    "names longer than columns": {"alertname": "n" * 5_000, "instance": "i" * 5_000, "component": "c" * 5_000},
    "control signs": {"alertname": "a\x00b\x1b[31m", "instance": "\x00", "severity": "\x00", "component": "\x07"},
    "markup": {"alertname": "<script>alert(1)</script>", "severity": "'; DROP TABLE incident; --"},
    "empty": {"alertname": "", "instance": "", "severity": "", "component": ""},
}


@pytest.mark.parametrize("case", ODD)
def test_whatever_labels_say_fits_the_columns(database: Database, case: str) -> None:
    now = at(30)
    alerts, incidents = Alerts(database, clock=lambda: now), Incidents(database, clock=lambda: now)
    alerts.receive(delivery(firing("odd", at(0)), group="💥" * 20_000, **ODD[case]))
    alerts.receive(delivery(ended("odd", at(0), at(5)), group="💥" * 20_000, **ODD[case]))
    incidents.settle()
    (incident,) = incidents.page(Wanted()).incidents
    assert (incident.state, incident.resolved_at) == (State.RESOLVED, at(5))


def test_a_delivery_costs_the_same_statements_however_much_is_stored(database: Database) -> None:
    """At 1,000 alerts and at 100,000: a new one, one more of a group, the same again, and an end."""
    alerts = Alerts(database, clock=lambda: at(0))

    def costs(name: str) -> list[int]:
        found = []
        for report in (firing(name, at(0)), firing(f"{name}b", at(0)), firing(name, at(0)), ended(name, at(0), at(1))):
            with counted(database) as sent:
                alerts.receive(delivery(report, group=name))
            found.append(len(sent))
        return found

    alerts.receive(delivery(firing("warm", at(0)), group="warm"))
    fill(database, incidents=100, alerts=1_000, before=at(0))
    few = costs("few")
    fill(database, incidents=9_900, alerts=99_000, before=at(0))
    assert costs("many") == few
    assert few[0] <= 8


def test_the_number_of_alerts_in_a_delivery_does_not_change_the_statements(database: Database) -> None:
    alerts = Alerts(database, clock=lambda: at(0))
    sizes = {}
    for size in (1, 200):
        with counted(database) as sent:
            alerts.receive(delivery(*(firing(f"{size}-{each}", at(0)) for each in range(size)), group=f"g{size}"))
        sizes[size] = len(sent)
    assert sizes[1] == sizes[200]


def test_random_stories_end_alike_in_any_order(database: Database) -> None:
    """The unit tests' property on a real server, whose ideas of time and text are its own."""
    chance = random.Random(3)
    reports = []
    for name in "abc":
        begin = chance.randint(0, 40)
        for _ in range(2):
            reports += [firing(name, at(begin)), ended(name, at(begin), at(begin + 9))]
            begin += 9 + chance.choice([1, 29, 31, 60])
    outcomes = []
    for number in range(8):
        alerts, incidents = Alerts(database), Incidents(database, clock=lambda: at(400))
        order = chance.sample(reports, len(reports))
        for report in order:
            own = Report(f"{number}{report.fingerprint}", report.starts_at, report.firing_seen_at, report.ended_at)
            alerts.receive(delivery(own, group=f"g{number}"))
        incidents.settle()
        incidents.settle()
        found = incidents.page(Wanted(limit=500)).incidents
        outcomes.append(
            sorted(
                (each.opened_at, each.resolved_at, each.alerts, each.flapping)
                for each in found
                if each.group_key == f"g{number}"
            )
        )
    assert all(outcome == outcomes[0] for outcome in outcomes), outcomes
