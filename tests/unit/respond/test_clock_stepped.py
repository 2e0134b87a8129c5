"""The machine's clock is set forward or back by an hour, as after a dead battery or a virtual machine's sleep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from tests.equipment.desk import memory_database

from sereno.core.text import Text
from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Report, Told, ended, firing
from sereno.respond.alerts.service import Alerts
from sereno.respond.heartbeats.model import Expectation
from sereno.respond.heartbeats.service import Heartbeats
from sereno.respond.incidents.figures_store import read_figures
from sereno.respond.incidents.model import Incident, State
from sereno.respond.incidents.service import Incidents
from sereno.respond.incidents.store import Wanted
from sereno.respond.notices.messages import Voice
from sereno.respond.notices.model import Outcome
from sereno.respond.notices.service import Notices
from sereno.settings.notify import NotifySection

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOUGHT = timedelta(0)
ANA = Actor("ana", "192.0.2.1")
EVERY_TEN = Expectation(timedelta(minutes=10), timedelta(minutes=2), "critical")


@dataclass
class Desk:
    """What the desk does, by a clock that is `off` by some span from the time that alerts carry."""

    database: Database
    true_time: datetime = NOON
    off: timedelta = NOUGHT

    def clock(self) -> datetime:
        return self.true_time + self.off

    def later(self, **span: float) -> None:
        self.true_time += timedelta(**span)

    @property
    def incidents(self) -> Incidents:
        return Incidents(self.database, clock=self.clock)

    @property
    def heartbeats(self) -> Heartbeats:
        return Heartbeats(self.database, self.incidents, clock=self.clock)

    @property
    def notices(self) -> Notices:
        notify = NotifySection.model_validate({"channels": [{"name": "chat", "url": "json://chat.example"}]})
        return Notices(self.database, notify, Voice("en", "https://desk.example"), clock=self.clock)

    def hear(self, report: Report) -> None:
        details = Details({"alertname": "Slow", "severity": "warning"}, {"summary": "slow"})
        told = Told(report, details, "group")
        Alerts(self.database, clock=self.clock).receive(Delivery((told,), 0, self.clock()))

    def only(self) -> Incident:
        (incident,) = self.incidents.page(Wanted()).incidents
        return incident

    def look(self, *, minutes: float = 0, beat: str = "") -> None:
        """The worker's looks at heartbeats, one each five seconds; `beat` comes each minute."""
        for second in range(0, int(minutes * 60) + 1, 5):
            if beat and second % 60 == 0:
                self.heartbeats.beat(beat, actor="cron", otherwise=EVERY_TEN)
            self.heartbeats.look(lambda: True)
            self.later(seconds=5)


@pytest.fixture
def desk() -> Desk:
    return Desk(memory_database())


STEPS = {"forward": HOUR, "back": -HOUR}


@pytest.mark.parametrize("told_off", STEPS.values(), ids=[f"told {name}" for name in STEPS])
@pytest.mark.parametrize("taken_off", STEPS.values(), ids=[f"taken {name}" for name in STEPS])
@pytest.mark.parametrize("ended_off", STEPS.values(), ids=[f"ended {name}" for name in STEPS])
def test_no_time_is_negative_and_the_time_to_resolve_is_the_alerts_own(
    desk: Desk, told_off: timedelta, taken_off: timedelta, ended_off: timedelta
) -> None:
    desk.off = told_off
    desk.hear(firing("a", NOON - timedelta(minutes=5)))
    desk.off = taken_off
    desk.later(minutes=5)
    desk.incidents.acknowledge(desk.only().id, ANA)
    desk.off = ended_off
    desk.later(minutes=5)
    desk.hear(ended("a", NOON - timedelta(minutes=5), desk.true_time))
    desk.later(minutes=3)
    desk.incidents.settle()
    if ended_off < NOUGHT:
        assert desk.only().state is State.ACKNOWLEDGED, "the hold-down is over by the clock, which has an hour to go"
        desk.later(minutes=60)
        desk.incidents.settle()
    incident = desk.only()
    assert (incident.state, incident.opened_at, incident.resolved_at) == (
        State.RESOLVED,
        NOON - timedelta(minutes=5),
        NOON + timedelta(minutes=10),
    )
    with desk.database.unit_of_work() as session:
        figures = read_figures(session, {}, since=NOON - 2 * HOUR, until=NOON + 2 * HOUR)
    assert figures.resolve.mean == timedelta(minutes=15)
    assert figures.acknowledge.mean == (timedelta(minutes=70) if taken_off > NOUGHT else NOUGHT)
    assert figures.detect.mean == (timedelta(minutes=65) if told_off > NOUGHT else NOUGHT)


@pytest.mark.parametrize("off", STEPS.values(), ids=STEPS)
def test_what_resolved_by_hand_under_a_wrong_clock_never_ends_before_it_began(desk: Desk, off: timedelta) -> None:
    desk.hear(firing("a", NOON))
    desk.off = off
    desk.incidents.resolve(desk.only().id, ANA)
    incident = desk.only()
    assert incident.resolved_at is not None and incident.resolved_at >= incident.opened_at


@pytest.mark.parametrize("off", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(("minutes", "incidents"), [(29, 1), (31, 2)])
def test_the_reopen_window_goes_by_the_alerts_times(desk: Desk, off: timedelta, minutes: float, incidents: int) -> None:
    desk.hear(firing("a", NOON))
    desk.hear(ended("a", NOON, NOON + timedelta(minutes=1)))
    desk.later(hours=2)
    desk.incidents.settle()
    assert desk.only().state is State.RESOLVED
    desk.off = off
    desk.incidents.settle()
    desk.hear(firing("a", NOON + timedelta(minutes=1 + minutes)))
    found = desk.incidents.page(Wanted()).incidents
    assert len(found) == incidents
    assert found[0].state is State.OPEN
    assert found[0].flapping is (incidents == 1)


def test_a_clock_set_back_delays_no_message(desk: Desk) -> None:
    desk.off = HOUR
    desk.incidents.open(Text("Nginx does not answer", ""), "critical", actor=ANA)
    desk.notices.take_news()
    desk.off = NOUGHT
    desk.later(seconds=5)
    (order,) = desk.notices.claim()
    assert order.channel == "chat"
    assert desk.notices.claim() == [], "it is being sent"
    # The pause after a failure is kept, though the notice was made in what is now the future.
    desk.notices.record(Outcome(order.notice_id, order.claimed_at, good=False, words="refused"))
    assert desk.notices.claim() == []
    desk.later(seconds=31)
    assert len(desk.notices.claim()) == 1


def test_the_claim_of_a_dead_worker_ends_though_the_clock_was_set_back(desk: Desk) -> None:
    desk.off = HOUR
    desk.incidents.open(Text("Nginx does not answer", ""), "critical", actor=ANA)
    desk.notices.take_news()
    assert len(desk.notices.claim()) == 1
    desk.off = NOUGHT
    desk.later(minutes=3)
    (again,) = desk.notices.claim()
    desk.notices.record(Outcome(again.notice_id, again.claimed_at, good=True))
    notice, attempts = desk.notices.get(again.notice_id)
    assert (notice.state, [each.outcome for each in attempts]) == ("sent", ["interrupted", "sent"])


@pytest.mark.parametrize("off", STEPS.values(), ids=STEPS)
def test_a_step_of_the_clock_is_no_silence(desk: Desk, off: timedelta) -> None:
    desk.look(minutes=30, beat="cron")
    desk.off = off
    desk.look(minutes=30, beat="cron")
    desk.off = NOUGHT
    desk.look(minutes=30, beat="cron")
    assert desk.heartbeats.get("cron").missing_since is None
    assert desk.incidents.page(Wanted()).incidents == ()


def test_a_silence_is_noticed_in_its_time_though_the_clock_was_set_back(desk: Desk) -> None:
    desk.off = HOUR
    desk.look(minutes=30, beat="cron")
    desk.off = NOUGHT
    desk.look(minutes=23)
    assert desk.heartbeats.get("cron").missing_since is not None
    assert desk.only().title.en == "No sign of life from cron"


def test_what_comes_back_after_the_clock_was_set_back_is_back(desk: Desk) -> None:
    desk.off = HOUR
    desk.look(minutes=1, beat="cron")
    desk.look(minutes=15)
    assert desk.only().state is State.OPEN
    desk.off = NOUGHT
    desk.look(minutes=1)
    assert desk.only().state is State.OPEN, "a step of the clock is no sign of life"
    desk.look(minutes=1, beat="cron")
    assert desk.only().state is State.RESOLVED
    assert desk.heartbeats.get("cron").missing_since is None
