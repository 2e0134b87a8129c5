"""Alerts as incidents: opened, joined, reopened, merged; the same whatever the order in which news arrive."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from tests.equipment.desk import memory_database

from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Report, Told, ended, firing
from sereno.respond.alerts.service import Alerts
from sereno.respond.alerts.tables import AlertRow
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.model import Incident, Kind, State
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted
from sereno.respond.incidents.tables import EventRow, IncidentRow
from sereno.settings import Settings
from sereno.watch.probes.store import new_row
from sereno.watch.probes.stored import accepted

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class Stage:
    """A desk with a clock that is set by hand."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.now = at(0)
        self.database: Database = memory_database()
        self.alerts = Alerts(self.database, clock=lambda: self.now, rules=rules)
        self.incidents = Incidents(self.database, clock=lambda: self.now, rules=rules)

    def tell(self, *reports: Report, group: str = "g", severity: str = "warning", **labels: str) -> None:
        told = [
            Told(
                report,
                Details(
                    {"alertname": "Slow", "severity": severity, "n": report.fingerprint, **labels},
                    {"summary": f"{report.fingerprint} is slow", "summary_es": f"{report.fingerprint} va lento"},
                ),
                group,
            )
            for report in reports
        ]
        self.alerts.receive(Delivery(tuple(told), 0, self.now))

    def all(self) -> list[Incident]:
        return sorted(self.incidents.page(Wanted(limit=500)).incidents, key=lambda each: each.opened_at)

    def only(self) -> Incident:
        (incident,) = self.all()
        return incident

    def kinds(self, id: int) -> list[Kind]:
        return [event.kind for event in self.incidents.timeline(id)]

    def settle(self, minutes: float) -> None:
        self.now = at(minutes)
        self.incidents.settle()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_an_alert_opens_an_incident_and_its_end_resolves_it_after_the_hold_down(stage: Stage) -> None:
    stage.now = at(0.5)
    stage.tell(firing("a", at(0)))
    opened = stage.only()
    assert (opened.state, opened.severity, opened.alerts) == (State.OPEN, "warning", 1)
    assert (opened.opened_at, opened.detected_at) == (at(0), at(0.5))
    assert opened.title.in_language("es") == "a va lento"
    stage.now = at(5)
    stage.tell(ended("a", at(0), at(4.9)))
    stage.settle(6.8)
    assert stage.only().state is State.OPEN
    stage.settle(7)
    over = stage.only()
    assert (over.state, over.resolved_at, over.resolved_by) == (State.RESOLVED, at(4.9), None)
    assert stage.kinds(over.id) == [Kind.OPENED, Kind.ALERT_FIRED, Kind.ALERT_ENDED, Kind.RESOLVED]


def test_the_same_delivery_three_times_is_one_incident_and_one_entry(stage: Stage) -> None:
    for _ in range(3):
        stage.tell(firing("a", at(0)))
    assert stage.kinds(stage.only().id) == [Kind.OPENED, Kind.ALERT_FIRED]


def test_alerts_of_one_group_join_and_others_do_not(stage: Stage) -> None:
    stage.tell(firing("a", at(0)), firing("b", at(1)))
    stage.tell(firing("c", at(2)), severity="critical")
    stage.tell(firing("d", at(3)), group="another")
    first, second = stage.all()
    assert (first.alerts, first.severity, second.alerts) == (3, "critical", 1)
    assert Kind.SEVERITY_RAISED in stage.kinds(first.id)


def test_the_same_group_within_the_window_reopens_and_later_does_not(stage: Stage) -> None:
    stage.tell(firing("a", at(0)), ended("a", at(0), at(5)))
    stage.settle(8)
    assert stage.only().state is State.RESOLVED
    stage.now = at(20)
    stage.tell(firing("a", at(20)))
    back = stage.only()
    assert (back.state, back.flapping, back.resolved_at, back.alerts) == (State.OPEN, True, None, 2)
    assert stage.kinds(back.id)[-2:] == [Kind.REOPENED, Kind.ALERT_FIRED]
    stage.now = at(21)
    stage.tell(ended("a", at(20), at(21)))
    stage.settle(30)
    stage.settle(60)
    stage.now = at(61)
    stage.tell(firing("a", at(61)))
    first, second = stage.all()
    assert (first.state, first.flapping, second.state, second.flapping) == (State.RESOLVED, True, State.OPEN, False)


def test_the_window_counts_by_the_alerts_own_times_also_when_the_clock_let_go(stage: Stage) -> None:
    """The delivery was an hour late, since the database was away; the alert began five minutes after the last end."""
    stage.tell(firing("a", at(0)), ended("a", at(0), at(5)))
    stage.settle(8)
    stage.settle(60)
    stage.now = at(70)
    stage.tell(firing("a", at(10)))
    assert (stage.only().state, stage.only().alerts) == (State.OPEN, 2)


def test_the_worker_was_down_and_a_new_alert_comes_long_after_the_end(stage: Stage) -> None:
    stage.tell(firing("a", at(0)), ended("a", at(0), at(5)))
    stage.now = at(120)
    stage.tell(firing("a", at(120)))
    first, second = stage.all()
    assert (first.alerts, second.alerts) == (1, 1)
    stage.settle(121)
    assert [each.state for each in stage.all()] == [State.RESOLVED, State.OPEN]


def test_late_news_correct_a_resolved_incident_and_do_not_reopen_it(stage: Stage) -> None:
    stage.tell(firing("a", at(1)), ended("a", at(1), at(5)))
    stage.settle(8)
    stage.now = at(9)
    stage.tell(firing("b", at(0)), ended("b", at(0), at(6)), severity="critical")
    stage.settle(9)
    late = stage.only()
    assert (late.state, late.opened_at, late.resolved_at) == (State.RESOLVED, at(0), at(6))
    assert (late.severity, late.alerts) == ("critical", 2)


def test_an_end_heard_before_its_begin_is_one_incident(stage: Stage) -> None:
    stage.tell(ended("a", at(0), at(3)))
    stage.tell(firing("a", at(0)))
    stage.settle(6)
    over = stage.only()
    assert (over.state, over.opened_at, over.resolved_at, over.alerts) == (State.RESOLVED, at(0), at(3), 1)


def test_a_heartbeat_is_no_incident(stage: Stage) -> None:
    stage.tell(firing("watchdog", at(0)), severity="none")
    assert stage.all() == []


def test_a_bridge_merges_two_incidents_into_the_older(stage: Stage) -> None:
    stage.tell(firing("a", at(0)), ended("a", at(0), at(5)))
    stage.tell(firing("b", at(50)))
    assert len(stage.all()) == 2
    stage.now = at(60)
    stage.tell(firing("c", at(20)), ended("c", at(20), at(30)))
    merged = stage.only()
    assert (merged.alerts, merged.state, merged.opened_at) == (3, State.OPEN, at(0))
    with stage.database.unit_of_work() as session:
        assert set(session.scalars(select(AlertRow.incident_id))) == {merged.id}


def test_an_alert_that_turns_out_to_be_part_of_another_takes_its_incident_along(stage: Stage) -> None:
    """Two starts of one alert, an hour apart: then it is heard that it fired all the while."""
    stage.tell(ended("a", at(0), at(5)), group="")
    stage.tell(firing("a", at(65)), group="")
    assert len(stage.all()) == 2
    stage.now = at(70)
    stage.tell(firing("a", at(0), seen_at=at(60)), group="")
    whole = stage.only()
    assert (whole.alerts, whole.state, whole.opened_at) == (1, State.OPEN, at(0))


def test_pending_marks_what_people_are_told_of(stage: Stage) -> None:
    stage.tell(firing("a", at(0)))
    with stage.database.unit_of_work() as session:
        pending = {row.kind for row in session.scalars(select(EventRow).where(EventRow.pending.is_(True)))}
    assert pending == {"opened"}


def test_any_order_and_any_repetition_end_in_the_same_incidents() -> None:
    """Every end is told; alerts lie close together and far apart; each order is cut and repeated at random."""
    chance = random.Random(7)
    for _ in range(12):
        reports = _story(chance)
        outcomes = [_outcome(chance, order) for order in _orders(chance, reports)]
        assert all(outcome == outcomes[0] for outcome in outcomes), (reports, outcomes)


def _story(chance: random.Random) -> list[Report]:
    reports = []
    for name in "abc"[: chance.randint(1, 3)]:
        begin = chance.randint(0, 40)
        for _ in range(chance.randint(1, 2)):
            end = begin + chance.randint(1, 20)
            reports += [firing(name, at(begin)), ended(name, at(begin), at(end))]
            begin = end + chance.choice([1, 10, 29, 31, 60])
    return reports


def _orders(chance: random.Random, reports: list[Report]) -> list[list[Report]]:
    if len(reports) <= 4:
        return [list(order) for order in itertools.permutations(reports)]
    return [chance.sample(reports, len(reports)) + chance.choices(reports, k=3) for _ in range(5)]


def _outcome(chance: random.Random, order: list[Report]) -> list[object]:
    stage = Stage()
    stage.now = at(300)
    while order:
        size = chance.randint(1, 3)
        stage.tell(*order[:size])
        order = order[size:]
        if chance.random() < 0.3:
            stage.incidents.settle()
    stage.settle(300)
    stage.settle(301)
    return [
        (each.opened_at, each.resolved_at, each.state, each.severity, each.alerts, each.flapping)
        for each in stage.all()
    ]


def test_a_late_end_cuts_an_incident_that_nobody_has_had_to_do_with(stage: Stage) -> None:
    stage.tell(firing("a", at(0)))
    stage.now = at(100)
    stage.tell(firing("b", at(100)), severity="critical")
    assert stage.only().alerts == 2
    stage.now = at(101)
    stage.tell(ended("a", at(0), at(10)))
    stage.settle(101)
    first, second = stage.all()
    assert (first.state, first.resolved_at, first.alerts, first.severity) == (State.RESOLVED, at(10), 1, "warning")
    assert (second.state, second.opened_at, second.alerts, second.severity) == (State.OPEN, at(100), 1, "critical")
    stage.tell(firing("c", at(101)))
    assert [each.alerts for each in stage.all()] == [1, 2]


HOSTS = Rules(hosts=frozenset({"second"}), host_of_probe={"wiki": "second"})
DOWN = {"alertname": "InstanceDown", "job": "node-exporter", "instance": "second", "severity": "critical"}
WIKI = {"alertname": "ProbeFailed", "job": "probes", "instance": "wiki", "component": "wiki", "severity": "critical"}
HERE = {"alertname": "HighCpuUsage", "instance": "node-exporter", "severity": "warning"}


def tell_labels(stage: Stage, report: Report, labels: dict[str, str]) -> None:
    stage.alerts.receive(Delivery((Told(report, Details(labels, {})),), 0, stage.now))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_machine_that_is_down_adopts_what_runs_on_it_whichever_is_heard_first(order: tuple[int, ...]) -> None:
    stage = Stage(HOSTS)
    stage.now = at(5)
    news = [(firing("down", at(1)), DOWN), (firing("wiki", at(0)), WIKI), (firing("here", at(0)), HERE)]
    for place in order:
        tell_labels(stage, *news[place])
    machine, host = sorted(stage.all(), key=lambda each: each.alerts)
    assert (machine.components, machine.alerts) == (("machine",), 1)
    assert (set(host.components), host.alerts, host.severity) == ({"second", "wiki"}, 2, "critical")
    assert host.opened_at == at(0)


def test_what_fails_after_the_machine_is_back_is_its_own_incident() -> None:
    stage = Stage(HOSTS)
    tell_labels(stage, firing("down", at(0)), DOWN)
    stage.now = at(5)
    tell_labels(stage, ended("down", at(0), at(5)), DOWN)
    stage.now = at(6)
    tell_labels(stage, firing("wiki", at(6)), WIKI)
    first, second = stage.all()
    assert (first.components, second.components) == (("second",), ("wiki",))


def test_only_what_fires_when_the_machine_goes_down_moves_to_its_incident() -> None:
    stage = Stage(HOSTS)
    tell_labels(stage, firing("wiki", at(0)), WIKI)
    tell_labels(stage, ended("wiki", at(0), at(5)), WIKI)
    stage.now = at(10)
    tell_labels(stage, firing("wiki", at(10)), WIKI)
    tell_labels(stage, firing("down", at(11)), DOWN)
    earlier, host = stage.all()
    assert (earlier.alerts, host.alerts) == (1, 2)
    stage.settle(20)
    assert [each.state for each in stage.all()] == [State.RESOLVED, State.OPEN]


def test_a_person_may_resolve_while_an_alert_fires_and_only_a_later_one_reopens(stage: Stage) -> None:
    bob = Actor("bob", "192.0.2.1")
    stage.tell(firing("a", at(0)))
    stage.now = at(10)
    incident = stage.incidents.resolve(stage.only().id, bob, "It is the old disk; it goes on Monday.")
    assert (incident.state, incident.resolved_at, incident.resolved_by) == (State.RESOLVED, at(10), "bob")
    stage.tell(firing("a", at(0)))
    stage.settle(15)
    assert stage.only().state is State.RESOLVED
    stage.tell(firing("b", at(15)))
    assert (stage.only().state, stage.only().flapping) == (State.OPEN, True)


def test_what_a_person_reopens_stays_open_until_a_person_resolves_it(stage: Stage) -> None:
    bob = Actor("bob", "192.0.2.1")
    stage.tell(firing("a", at(0)), ended("a", at(0), at(1)))
    stage.settle(4)
    stage.incidents.reopen(stage.only().id, bob)
    stage.settle(200)
    assert stage.only().state is State.OPEN
    assert stage.incidents.resolve(stage.only().id, bob).resolved_at == at(1)


def test_a_probe_added_at_the_desk_belongs_to_the_machine_that_its_target_lies_on() -> None:
    stage = Stage(Rules.of(Settings.model_validate({"hosts": [{"name": "second", "address": "192.0.2.7:9100"}]})))
    with stage.database.unit_of_work() as session:
        for name, target in (("wiki", "http://192.0.2.7:8080/"), ("other", "http://192.0.2.8/")):
            probe = accepted({"name": name, "kind": "http", "target": target})
            session.add(new_row(probe, address="", by="bob", now=NOON))
    tell_labels(stage, firing("down", at(0)), DOWN)
    stage.now = at(1)
    for name in ("wiki", "other"):
        tell_labels(stage, firing(name, at(1)), WIKI | {"instance": name, "component": name, "source": "stored"})
    host, other = stage.all()
    assert (set(host.components), other.components) == ({"second", "wiki"}, ("other",))


def test_an_alert_without_an_incident_gets_one_when_its_silence_is_over(stage: Stage) -> None:
    stage.tell(firing("a", at(0)), group="")
    with stage.database.unit_of_work() as session:
        session.execute(update(AlertRow).values(incident_id=None, suppressed=True))
        session.execute(delete(IncidentRow))
    stage.settle(1)
    assert stage.all() == []
    with stage.database.unit_of_work() as session:
        session.execute(update(AlertRow).values(suppressed=False))
    stage.settle(2)
    stage.settle(3)
    assert (stage.only().alerts, stage.only().opened_at) == (1, at(0))
    stage.tell(ended("a", at(0), at(4)))
    stage.settle(10)
    assert stage.only().state is State.RESOLVED
