"""Deliveries as the desk stores them: in any order, cut in any way, repeated, they leave the same alerts behind."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from tests.equipment.desk import memory_database

from sereno.core.errors import NotFound
from sereno.database.session import Database
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Report, Told, ended, firing, merge, spans
from sereno.respond.alerts.service import Alerts
from sereno.respond.alerts.store import Wanted
from sereno.respond.alerts.tables import AlertRow, ReportRow

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def told(report: Report, **annotations: str) -> Told:
    labels = {"alertname": "InstanceDown", "severity": "critical", "fingerprint_of": report.fingerprint}
    return Told(report, Details(labels, annotations, "http://prometheus:9090/graph?g0.expr=up"))


def delivery(*reports: Report, truncated: int = 0) -> Delivery:
    return Delivery(tuple(told(report) for report in reports), truncated, at(60))


def stored(database: Database) -> list[tuple[str, datetime, datetime | None]]:
    with database.unit_of_work() as session:
        rows = session.scalars(select(AlertRow).order_by(AlertRow.fingerprint, AlertRow.began_at))
        return [(row.fingerprint, row.began_at, row.ended_at) for row in rows]


@pytest.fixture
def database() -> Database:
    return memory_database()


@pytest.fixture
def alerts(database: Database) -> Alerts:
    return Alerts(database, clock=lambda: at(60))


def test_the_same_delivery_three_times_is_stored_once(alerts: Alerts, database: Database) -> None:
    intakes = [alerts.receive(delivery(firing("a", at(0)), firing("b", at(1)))) for _ in range(3)]
    assert [intake.opened for intake in intakes] == [2, 0, 0]
    assert stored(database) == [("a", at(0), None), ("b", at(1), None)]
    with database.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(ReportRow)) == 2


def test_any_order_and_any_cut_into_deliveries_end_in_the_same_alerts() -> None:
    chance = random.Random(3)
    for _ in range(30):
        reports = [_random_report(chance) for _ in range(chance.randint(1, 7))]
        expected = _expected(reports)
        for _ in range(3):
            database = memory_database()
            alerts = Alerts(database)
            order = chance.sample(reports, len(reports)) + chance.sample(reports, chance.randint(0, len(reports)))
            while order:
                size = chance.randint(1, 3)
                alerts.receive(delivery(*order[:size]))
                order = order[size:]
            assert stored(database) == expected


def test_an_alert_keeps_its_number_when_an_earlier_start_is_heard_of_late(alerts: Alerts) -> None:
    alerts.receive(delivery(firing("a", at(5))))
    (first,) = alerts.firing()
    alerts.receive(delivery(firing("a", at(0))))
    (second,) = alerts.firing()
    assert (second.id, second.began_at, second.starts_at) == (first.id, at(0), at(5))


def test_one_delivery_may_end_one_alert_and_begin_another(alerts: Alerts, database: Database) -> None:
    alerts.receive(delivery(firing("a", at(0))))
    intake = alerts.receive(delivery(ended("a", at(0), at(4)), firing("b", at(5))))
    assert (intake.opened, intake.ended) == (1, 1)
    assert stored(database) == [("a", at(0), at(4)), ("b", at(5), None)]


def test_what_an_alert_says_of_itself_is_the_last_word_heard(alerts: Alerts) -> None:
    alerts.receive(Delivery((told(firing("a", at(0)), summary="90 %", summary_es="90 %"),), 0, at(60)))
    alerts.receive(Delivery((told(firing("a", at(0)), summary="95 %"),), 0, at(61)))
    (alert,) = alerts.firing()
    assert alert.summary("en") == alert.summary("es") == "95 %"


def test_left_out_alerts_and_a_firing_under_an_old_start_ask_for_a_look(alerts: Alerts) -> None:
    assert not alerts.receive(delivery(firing("a", at(0)))).needs_a_look
    assert alerts.receive(delivery(firing("b", at(0)), truncated=3)).needs_a_look
    assert not alerts.receive(delivery(ended("a", at(0), at(5)))).needs_a_look
    assert alerts.receive(delivery(firing("a", at(0)))).needs_a_look


def test_a_delivery_without_alerts_is_fine(alerts: Alerts, database: Database) -> None:
    assert alerts.receive(delivery()).alerts == 0
    assert stored(database) == []


def test_the_list_is_read_page_by_page_without_gap_or_repetition(alerts: Alerts) -> None:
    alerts.receive(delivery(*(firing(f"f{number}", at(number // 3)) for number in range(20))))
    seen, after = [], None
    for _ in itertools.count():
        page = alerts.page(Wanted(after=after, limit=6))
        seen += [alert.fingerprint for alert in page.alerts]
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len(set(seen)) == 20
    begins = [alert.began_at for alert in alerts.page(Wanted(limit=100)).alerts]
    assert begins == sorted(begins, reverse=True)


def test_the_list_is_filtered(alerts: Alerts) -> None:
    alerts.receive(delivery(firing("a", at(0)), ended("b", at(1), at(2))))
    watchdog = Told(firing("w", at(0)), Details({"alertname": "Watchdog", "severity": "none"}, {}))
    bare = Told(firing("x", at(0)), Details({}, {}))
    alerts.receive(Delivery((watchdog, bare), 0, at(60)))

    def found(wanted: Wanted) -> set[str]:
        return {alert.fingerprint for alert in alerts.page(wanted).alerts}

    assert found(Wanted()) == {"a", "b", "x"}
    assert found(Wanted(heartbeats=True)) == {"a", "b", "x", "w"}
    assert found(Wanted(state="firing")) == {"a", "x"}
    assert found(Wanted(state="resolved")) == {"b"}
    assert found(Wanted(severity="critical", name="InstanceDown")) == {"a", "b"}
    assert found(Wanted(severity="none")) == {"w"}
    assert found(Wanted(name="Nothing")) == set()
    assert alerts.names() == ["", "InstanceDown", "Watchdog"]
    assert alerts.last_heard() == at(60)


def test_an_unknown_number_is_told(alerts: Alerts) -> None:
    with pytest.raises(NotFound, match="no alert 7"):
        alerts.get(7)


def _expected(reports: list[Report]) -> list[tuple[str, datetime, datetime | None]]:
    by_fingerprint: dict[str, list[Report]] = {}
    for report in merge(reports).values():
        by_fingerprint.setdefault(report.fingerprint, []).append(report)
    return sorted(
        (fingerprint, span.began_at, span.ended_at)
        for fingerprint, own in by_fingerprint.items()
        for span in spans(own)
    )


def _random_report(chance: random.Random) -> Report:
    fingerprint = chance.choice("ab")
    start = at(chance.randint(0, 6))
    if chance.random() < 0.5:
        return firing(fingerprint, start, seen_at=start + timedelta(minutes=chance.choice((0, 0, 3))))
    return ended(fingerprint, start, start + timedelta(minutes=chance.randint(0, 5)))
