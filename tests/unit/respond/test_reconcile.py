"""Presence is believed at once; absence only after three looks at neighbours that can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.equipment.desk import memory_database

from sereno.core.errors import Unavailable
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Told, ended, firing
from sereno.respond.alerts.service import Alerts

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LABELS = {"alertname": "InstanceDown", "severity": "critical", "instance": "node", "site": "external"}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Entry:
    """What both neighbours list; fields that one of them does not have are simply there."""

    fingerprint: str = "a"
    labels: Mapping[str, str] = field(default_factory=lambda: dict(LABELS))
    annotations: Mapping[str, str] = field(default_factory=dict)
    generator_url: str = ""
    starts_at: datetime = NOON
    updated_at: datetime = NOON
    active_at: datetime = NOON
    state: str = "active"
    value: float = 1.0


@dataclass
class Neighbours:
    """Alertmanager and Prometheus in one; None where one does not answer."""

    listed: list[Entry] | None = field(default_factory=list)
    raised: list[Entry] | None = field(default_factory=list)
    since: datetime = NOON - timedelta(hours=1)

    def alertmanager(self) -> _Alertmanager:
        return _Alertmanager(self)

    def prometheus(self) -> _Prometheus:
        return _Prometheus(self)


@dataclass
class _Alertmanager:
    of: Neighbours

    def alerts(self) -> Sequence[Entry]:
        if self.of.listed is None:
            raise Unavailable("alertmanager does not answer")
        return self.of.listed

    def started_at(self) -> datetime:
        return self.of.since


@dataclass
class _Prometheus:
    of: Neighbours

    def alerts(self) -> Sequence[Entry]:
        if self.of.raised is None:
            raise Unavailable("prometheus does not answer")
        return self.of.raised

    def instant(self, query: str, *, at: datetime | None = None) -> Sequence[object]:
        raise NotImplementedError

    def range(self, query: str, *, start: datetime, end: datetime, step: timedelta) -> Sequence[object]:
        raise NotImplementedError


class Desk:
    """The desk's alerts with a clock that the test moves on by a minute per look."""

    def __init__(self) -> None:
        self.now = NOON
        self.alerts = Alerts(memory_database(), clock=lambda: self.now)
        self.neighbours = Neighbours()

    def hears(self, *told: Told) -> None:
        self.alerts.receive(Delivery(told, 0, self.now))

    def looks(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += timedelta(minutes=1)
            self.alerts.reconcile(self.neighbours.alertmanager(), self.neighbours.prometheus())

    def fires(self) -> list[str]:
        return [alert.fingerprint for alert in self.alerts.firing()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def with_open_alert(desk: Desk) -> Desk:
    desk.hears(Told(firing("a", NOON), Details(LABELS, {"summary": "gone"})))
    return desk


def test_a_missed_delivery_is_made_up_for_at_the_first_look(desk: Desk) -> None:
    desk.neighbours.listed = [Entry(annotations={"summary": "from the list"})]
    desk.looks()
    (alert,) = desk.alerts.firing()
    assert (alert.fingerprint, alert.began_at, alert.summary("en")) == ("a", NOON, "from the list")


def test_a_silenced_alert_opens_nothing(desk: Desk) -> None:
    desk.neighbours.listed = [Entry(state="suppressed")]
    desk.looks(3)
    assert desk.fires() == []


def test_a_silenced_alert_that_is_open_goes_on_and_is_marked(with_open_alert: Desk) -> None:
    with_open_alert.neighbours.listed = [Entry(state="suppressed")]
    with_open_alert.looks(5)
    (alert,) = with_open_alert.alerts.firing()
    assert alert.suppressed
    with_open_alert.neighbours.listed = [Entry()]
    with_open_alert.looks()
    assert not with_open_alert.alerts.firing()[0].suppressed


def test_absence_everywhere_ends_an_alert_at_the_third_look_dated_with_the_first(with_open_alert: Desk) -> None:
    with_open_alert.looks(2)
    assert with_open_alert.fires() == ["a"]
    with_open_alert.looks()
    assert with_open_alert.fires() == []
    alert = with_open_alert.alerts.get(1)
    assert (alert.ended_at, alert.ended_by) == (at(1), "absence")


def test_what_another_sender_told_is_not_ended_by_our_own_alertmanagers_list(desk: Desk) -> None:
    desk.hears(Told(firing("a", NOON), Details(LABELS, {}), foreign=True))
    desk.looks(6)
    assert desk.fires() == ["a"]


@pytest.mark.parametrize("changed", ["alertmanager silent", "prometheus silent", "alertmanager young", "still raised"])
def test_one_look_that_cannot_tell_begins_the_count_anew(with_open_alert: Desk, changed: str) -> None:
    with_open_alert.looks(2)
    whole = with_open_alert.neighbours
    with_open_alert.neighbours = {
        "alertmanager silent": replace(whole, listed=None),
        "prometheus silent": replace(whole, raised=None),
        "alertmanager young": replace(whole, since=with_open_alert.now),
        # Prometheus does not know its own external labels, so it lists fewer than Alertmanager.
        "still raised": replace(
            whole,
            raised=[Entry(labels={k: v for k, v in LABELS.items() if k != "site"}, state="firing")],
        ),
    }[changed]
    with_open_alert.looks(4)
    assert with_open_alert.fires() == ["a"]
    with_open_alert.neighbours = whole
    with_open_alert.looks(2)
    assert with_open_alert.fires() == ["a"]
    with_open_alert.looks()
    assert with_open_alert.fires() == []


def test_a_pending_alert_in_prometheus_does_not_keep_one_open(with_open_alert: Desk) -> None:
    with_open_alert.neighbours.raised = [Entry(state="pending")]
    with_open_alert.looks(3)
    assert with_open_alert.fires() == []


def test_another_alert_in_prometheus_does_not_keep_one_open(with_open_alert: Desk) -> None:
    with_open_alert.neighbours.raised = [Entry(labels={**LABELS, "instance": "other"}, state="firing")]
    with_open_alert.looks(3)
    assert with_open_alert.fires() == []


def test_an_alert_listed_under_a_later_start_goes_on(with_open_alert: Desk) -> None:
    with_open_alert.neighbours.listed = [Entry(starts_at=at(4), updated_at=at(5))]
    with_open_alert.looks(4)
    (alert,) = with_open_alert.alerts.firing()
    assert (alert.began_at, alert.starts_at) == (NOON, at(4))


def test_firing_anew_under_the_old_start_reopens_and_a_repeated_end_does_not_close_it_again(
    with_open_alert: Desk,
) -> None:
    told_end = Told(ended("a", NOON, at(3)), Details(LABELS, {}))
    with_open_alert.hears(told_end)
    assert with_open_alert.fires() == []
    with_open_alert.neighbours.listed = [Entry(updated_at=at(6))]
    with_open_alert.now = at(6)
    with_open_alert.looks()
    assert with_open_alert.fires() == ["a"]
    with_open_alert.hears(told_end)
    assert with_open_alert.fires() == ["a"]
    with_open_alert.hears(Told(ended("a", NOON, at(9)), Details(LABELS, {})))
    assert with_open_alert.fires() == []


def test_a_list_that_was_read_before_the_end_was_told_does_not_reopen(with_open_alert: Desk) -> None:
    with_open_alert.hears(Told(ended("a", NOON, at(3)), Details(LABELS, {})))
    with_open_alert.neighbours.listed = [Entry(updated_at=at(2))]
    with_open_alert.looks()
    assert with_open_alert.fires() == []


def test_a_look_after_a_truncated_delivery_takes_over_what_was_left_out_and_ends_nothing(with_open_alert: Desk) -> None:
    with_open_alert.neighbours.listed = [Entry(fingerprint="b")]
    assert with_open_alert.alerts.look(with_open_alert.neighbours.alertmanager()) == 1
    assert set(with_open_alert.fires()) == {"a", "b"}
