"""The outbox: from what happens to incidents to messages, through everything that may go wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.equipment.desk import memory_database

import sereno.respond.incidents.tables
import sereno.respond.notices.tables  # noqa: F401 -- known to the metadata also when this test runs alone.
from sereno.core.errors import Conflict
from sereno.core.text import Text
from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.incidents.model import Kind
from sereno.respond.incidents.service import Incidents
from sereno.respond.notices.messages import Voice
from sereno.respond.notices.model import LEASE, Notice, Outcome, State
from sereno.respond.notices.service import Notices, Order
from sereno.respond.notices.store import Wanted
from sereno.settings.notify import NotifySection

ANA = Actor("ana", "192.0.2.1")


@dataclass
class House:
    """Incidents and notices on one database, under a clock that stands still."""

    database: Database = field(default_factory=memory_database)
    now: datetime = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    settings: dict[str, Any] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    @property
    def notices(self) -> Notices:
        channels = [{"name": name, "url": f"json://{name}.example"} for name in ("chat", "mail")]
        notify = NotifySection.model_validate({"channels": channels} | self.settings)
        return Notices(self.database, notify, Voice("en", "https://desk.example"), clock=self.clock)

    @property
    def incidents(self) -> Incidents:
        return Incidents(self.database, clock=self.clock)

    def open(self, title: str = "Nginx does not answer", severity: str = "critical") -> int:
        return self.incidents.open(Text(title, ""), severity, ("nginx",), actor=ANA).id

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def end(self, order: Order, **how: Any) -> None:
        self.notices.record(Outcome(order.notice_id, order.claimed_at, **({"good": True} | how)))

    def states(self) -> list[tuple[str, str]]:
        return sorted((each.channel, each.state.value) for each in self.notices.page(Wanted()).notices)

    def of(self, channel: str) -> Notice:
        return next(each for each in self.notices.page(Wanted(channel=channel)).notices)


@pytest.fixture
def house() -> House:
    return House()


def test_an_incident_becomes_one_notice_for_each_channel_once(house: House) -> None:
    house.open()
    assert house.notices.take_news() == 1
    assert house.notices.take_news() == 0
    orders = house.notices.claim()
    assert [order.channel for order in orders] == ["chat", "mail"]
    assert orders[0].message.title == "[critical] Opened: Nginx does not answer"
    assert house.notices.claim() == []


def test_what_was_sent_is_sent_and_stands_in_the_timeline(house: House) -> None:
    incident = house.open()
    house.notices.take_news()
    for order in house.notices.claim():
        house.end(order)
    assert house.states() == [("chat", "sent"), ("mail", "sent")]
    told = [event for event in house.incidents.timeline(incident) if event.kind is Kind.NOTICE]
    assert [event.details["channel"] for event in told] == ["chat", "mail"]
    assert house.notices.take_news() == 0, "a notice is no news"
    notice, attempts = house.notices.get(house.of("mail").id)
    assert (notice.attempts, [each.outcome for each in attempts]) == (1, ["sent"])


def test_opened_and_resolved_before_anyone_was_told_is_one_message(house: House) -> None:
    incident = house.open()
    house.notices.take_news()
    house.later(minutes=1)
    house.incidents.resolve(incident, ANA)
    house.notices.take_news()
    order = house.notices.claim()[0]
    assert order.message.title == "[critical] Opened · Resolved: Nginx does not answer"


def test_what_happens_while_a_channel_is_away_is_said_in_one_when_it_is_back(house: House) -> None:
    incident = house.open()
    house.notices.take_news()
    for order in house.notices.claim():
        house.end(order, good=False, words="refused")
    house.incidents.acknowledge(incident, ANA)
    house.notices.take_news()
    assert house.notices.claim() == [], "not before its pause is over"
    house.later(seconds=30)
    assert [order.message.title for order in house.notices.claim()] == [
        "[critical] Opened · Acknowledged: Nginx does not answer"
    ] * 2


def test_what_happens_while_a_message_is_under_way_comes_after_it(house: House) -> None:
    incident = house.open()
    house.notices.take_news()
    first = house.notices.claim()
    house.incidents.acknowledge(incident, ANA)
    house.notices.take_news()
    for order in first:
        house.end(order)
    assert {order.message.title for order in house.notices.claim()} == {
        "[critical] Acknowledged: Nginx does not answer"
    }


def test_and_is_told_together_with_it_when_it_fails(house: House) -> None:
    incident = house.open()
    house.notices.take_news()
    first = house.notices.claim()
    house.incidents.acknowledge(incident, ANA)
    house.notices.take_news()
    for order in first:
        house.end(order, good=False, words="no")
    assert house.notices.claim() == []
    house.later(seconds=31)
    assert {order.message.title for order in house.notices.claim()} == {
        "[critical] Opened · Acknowledged: Nginx does not answer"
    }


def test_who_died_while_sending_leaves_a_notice_that_is_sent_again(house: House) -> None:
    house.open()
    house.notices.take_news()
    lost = house.notices.claim()
    house.later(seconds=LEASE.total_seconds() - 1)
    assert house.notices.claim() == []
    house.later(seconds=2)
    again = house.notices.claim()
    assert [order.notice_id for order in again] == [order.notice_id for order in lost]
    house.end(lost[0])
    assert house.of("chat").state is State.QUEUED, "a claim that was taken over counts no more"
    house.end(again[0])
    _, attempts = house.notices.get(again[0].notice_id)
    assert [each.outcome for each in attempts] == ["interrupted", "sent"]


def test_what_was_not_begun_is_due_as_before(house: House) -> None:
    house.open()
    house.notices.take_news()
    for order in house.notices.claim():
        house.end(order, good=False, unbegun=True)
    assert [order.channel for order in house.notices.claim()] == ["chat", "mail"]
    assert house.of("chat").attempts == 1


def test_it_is_tried_for_a_day_and_then_given_up_and_said_so(house: House) -> None:
    incident = house.open()
    house.settings = {"routes": [{"channels": ["mail"]}]}
    house.notices.take_news()
    tries = 0
    for _ in range(200):
        for order in house.notices.claim():
            tries += 1
            house.end(order, good=False, words="connection refused")
        if house.of("mail").state is State.GIVEN_UP:
            break
        house.now = max(house.now, house.of("mail").next_try_at)
    assert 20 < tries < 40
    last = house.incidents.timeline(incident)[-1]
    assert (last.kind, last.details["state"], last.details["words"]) == (
        Kind.NOTICE, "given-up", "connection refused"
    )  # fmt: skip


def test_a_refusal_for_good_is_not_tried_again_but_at_a_persons_word(house: House) -> None:
    house.open()
    house.notices.take_news()
    for order in house.notices.claim():
        house.end(order, good=False, permanent=True, words="error=404")
    house.later(days=2)
    assert house.notices.claim() == []
    house.notices.try_again(house.of("mail").id, ANA)
    (order,) = house.notices.claim()
    house.end(order)
    with pytest.raises(Conflict):
        house.notices.try_again(order.notice_id, ANA)


def test_without_channels_nothing_piles_up(house: House) -> None:
    house.settings = {"channels": []}
    house.open()
    assert house.notices.take_news() == 1
    assert house.states() == []


def test_what_no_route_takes_is_kept_as_suppressed(house: House) -> None:
    house.settings = {"routes": [{"severities": ["warning"]}]}
    house.open()
    house.notices.take_news()
    assert house.states() == [("", "suppressed")]
    assert house.notices.claim() == []


def test_a_channel_that_the_settings_have_lost_is_given_up(house: House) -> None:
    house.open()
    house.notices.take_news()
    house.settings = {"channels": [{"name": "mail", "url": "json://mail.example"}]}
    assert [order.channel for order in house.notices.claim()] == ["mail"]
    assert house.of("chat").state is State.GIVEN_UP


def test_beyond_the_limit_of_an_hour_one_summary_comes_and_the_rest_waits(house: House) -> None:
    house.settings = {"per_hour": 3, "routes": [{"channels": ["mail"]}]}
    for number in range(10):
        house.open(f"Incident {number}")
    house.notices.take_news()
    orders = house.notices.claim()
    assert sorted(order.message.title for order in orders) == [
        "Sereno: 7 further notices in one",
        *(f"[critical] Opened: Incident {number}" for number in range(3)),
    ]
    for order in orders:
        house.end(order)
    house.later(minutes=10)
    house.open("One more")
    house.notices.take_news()
    assert house.notices.claim() == []
    house.later(minutes=51)
    assert [order.message.title for order in house.notices.claim()] == ["[critical] Opened: One more"]


def test_a_summary_that_fails_is_tried_again_and_told_in_each_timeline(house: House) -> None:
    house.settings = {"per_hour": 1, "routes": [{"channels": ["mail"]}]}
    held = [house.open(f"Incident {number}") for number in range(3)][1:]
    house.notices.take_news()
    for order in house.notices.claim():
        house.end(order, good="Opened" in order.message.title)
    house.later(seconds=31)
    (order,) = house.notices.claim()
    assert order.message.title == "Sereno: 2 further notices in one"
    house.end(order)
    for incident in held:
        assert house.incidents.timeline(incident)[-1].kind is Kind.NOTICE


def test_a_slow_channel_does_not_hold_up_the_other(house: House) -> None:
    for number in range(3):
        house.open(f"Incident {number}")
    house.notices.take_news()
    assert [order.channel for order in house.notices.claim()] == ["chat", "mail"] * 3
