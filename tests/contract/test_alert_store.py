"""Alerts on real servers: what the unit tests assert on SQLite, and what only real servers can show: concurrency."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from sereno.database.session import Database
from sereno.respond.alerts import store
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Details, Report, Told, ended, firing, merge, spans
from sereno.respond.alerts.service import Alerts
from sereno.respond.alerts.store import Wanted
from sereno.respond.alerts.tables import AlertRow, ReportRow

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
_OPEN = "SELECT id FROM alert WHERE ended_at IS NULL"
_HISTORY = "SELECT id FROM alert ORDER BY began_at DESC, id DESC LIMIT 50"
ODD = {"alertname": "Señal «rara» 🚨", "severity": "critical", "path": "/mnt/disk two"}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def delivery(*reports: Report) -> Delivery:
    return Delivery(
        tuple(Told(report, Details(ODD, {"summary": "x"}, "http://p/graph")) for report in reports), 0, NOON
    )


def stored(database: Database) -> list[tuple[str, datetime, datetime | None]]:
    with database.unit_of_work() as session:
        rows = session.scalars(select(AlertRow).order_by(AlertRow.fingerprint, AlertRow.began_at))
        return [(row.fingerprint, row.began_at, row.ended_at) for row in rows]


def test_a_delivery_comes_back_as_it_was(database: Database) -> None:
    alerts = Alerts(database)
    for _ in range(3):
        alerts.receive(delivery(firing("aB", at(0)), firing("Ab", at(1)), ended("c", at(0), at(2))))
    assert stored(database) == [("Ab", at(1), None), ("aB", at(0), None), ("c", at(0), at(2))]
    newest = alerts.page(Wanted(limit=1)).alerts[0]
    assert newest.details.labels == ODD
    assert newest.began_at == at(1)


def test_random_stories_in_random_order_end_in_the_same_alerts(database: Database) -> None:
    chance = random.Random(11)
    alerts = Alerts(database)
    for story in range(25):
        reports = [_random_report(chance, f"{story}-{chance.choice('ab')}") for _ in range(chance.randint(2, 7))]
        order = chance.sample(reports, len(reports)) + chance.sample(reports, 1)
        while order:
            alerts.receive(delivery(*order[:2]))
            order = order[2:]
        assert [row for row in stored(database) if row[0].startswith(f"{story}-")] == _expected(reports)


def test_the_same_alerts_delivered_at_once_in_different_order_are_stored_once(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    """Sixteen deliveries of the same twelve alerts: no duplicate, no error, no lost end."""
    alerts = Alerts(database)
    chance = random.Random(5)
    for round_number in range(6):
        reports = [firing(f"{round_number}-{number}", at(number)) for number in range(12)]
        ends = [ended(report.fingerprint, report.starts_at, at(60)) for report in reports[:4]]
        parcels = [chance.sample([*reports, *ends], 16) for _ in range(16)]
        results = at_once(*(lambda parcel=parcel: alerts.receive(delivery(*parcel)) for parcel in parcels))
        assert not [result for result in results if isinstance(result, Exception)]
    with database.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(AlertRow)) == 6 * 12
        assert session.scalar(select(func.count()).select_from(ReportRow)) == 6 * 12
    assert len(alerts.firing()) == 6 * 8


def test_two_starts_of_one_alert_heard_at_once_become_one_alert(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    alerts = Alerts(database)
    for number in range(20):
        at_once(
            lambda number=number: alerts.receive(delivery(firing(f"f{number}", at(0)))),
            lambda number=number: alerts.receive(delivery(firing(f"f{number}", at(5)))),
        )
    assert stored(database) == sorted((f"f{number}", at(0), None) for number in range(20))


def test_a_broken_connection_in_the_pool_costs_no_delivery(database: Database) -> None:
    alerts = Alerts(database)
    alerts.receive(delivery(firing("a", at(0))))
    with database.engine.connect() as connection:
        mine = connection.scalar(text("SELECT CONNECTION_ID()"))
        others = connection.scalars(
            text("SELECT id FROM information_schema.processlist WHERE user = 'sereno' AND id <> :mine"), {"mine": mine}
        ).all()
        for number in others:
            connection.execute(text(f"KILL {number}"))
    alerts.receive(delivery(firing("b", at(0))))
    assert [row[0] for row in stored(database)] == ["a", "b"]


def test_the_lists_use_an_index(database: Database) -> None:
    """Nobody should pay for a year of history: neither list may sort or scan the whole table."""
    alerts = Alerts(database)
    alerts.receive(delivery(*(ended(f"f{number}", at(number), at(number + 1)) for number in range(500))))
    alerts.receive(delivery(*(firing(f"g{number}", at(number)) for number in range(5))))
    is_mariadb = getattr(database.engine.dialect, "is_mariadb", False)
    explain = "EXPLAIN" if is_mariadb else "EXPLAIN FORMAT=TRADITIONAL"
    with database.engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE alert, alert_series")).all()
        open_plan, history_plan = (
            connection.execute(text(f"{explain} {statement}")).mappings().one() for statement in (_OPEN, _HISTORY)
        )
    assert open_plan["key"] == "ix_alert_ended_at_began_at"
    assert history_plan["key"] == "ix_alert_began_at"
    assert "filesort" not in (history_plan["Extra"] or "")


def _expected(reports: list[Report]) -> list[tuple[str, datetime, datetime | None]]:
    by_fingerprint: dict[str, list[Report]] = {}
    for report in merge(reports).values():
        by_fingerprint.setdefault(report.fingerprint, []).append(report)
    return sorted(
        (fingerprint, span.began_at, span.ended_at)
        for fingerprint, own in by_fingerprint.items()
        for span in spans(own)
    )


def _random_report(chance: random.Random, fingerprint: str) -> Report:
    start = at(chance.randint(0, 6))
    if chance.random() < 0.5:
        return firing(fingerprint, start)
    return ended(fingerprint, start, start + timedelta(minutes=chance.randint(0, 5)))


def test_what_was_heard_at_the_same_moment_is_still_known(database: Database) -> None:
    told = [Told(firing(name, at(0)), Details(ODD, {}, "")) for name in ("a", "b")]
    with database.unit_of_work() as session:
        assert store.lock_series(session, told[:1], NOON) is True
    with database.unit_of_work() as session:
        assert store.lock_series(session, told[:1], NOON) is False
    with database.unit_of_work() as session:
        assert store.lock_series(session, told, NOON) is False
    with database.unit_of_work() as session:
        assert store.lock_series(session, told, NOON - timedelta(days=1)) is False
        assert store.last_heard(session) > NOON
