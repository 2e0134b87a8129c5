"""Alerts as incidents: opened, joined, reopened, merged; the same whatever the order in which news arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from tests.equipment.desk import memory_database

from sereno.database.session import Database
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Report, Told, ended, firing
from sereno.respond.alerts.service import Alerts
from sereno.respond.alerts.tables import AlertRow
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.model import Incident, Kind, State
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted
from sereno.respond.incidents.tables import EventRow

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
