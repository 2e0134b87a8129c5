"""Lists stay fast: with 10,000 incidents and 100,000 alerts no list and no filter reads a whole table or sorts one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, text
from tests.equipment.incidents import fill

from sereno.database.session import Database
from sereno.respond.alerts import store as alert_store
from sereno.respond.incidents import settle, store
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.model import State
from sereno.respond.incidents.orphans import orphans
from sereno.respond.incidents.store import Wanted

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INCIDENTS, ALERTS = 10_000, 100_000
MOST_ROWS = 12_000
"""No step may look at more rows than there are incidents, and a few: a tenth of the alerts."""

PAGE = (NOON - timedelta(days=100), 7_000)
INCIDENT_LISTS = {
    "everything": Wanted(),
    "a later page": Wanted(after=PAGE),
    "not over": Wanted(unresolved=True),
    "open": Wanted(state=State.OPEN),
    "resolved": Wanted(state=State.RESOLVED, after=PAGE),
    "by severity": Wanted(severity="critical"),
    "by an unknown severity": Wanted(severity="nonsense"),
    "by component": Wanted(component="shop"),
    "by component, a later page": Wanted(component="shop", after=PAGE),
    "by owner": Wanted(owner="alice"),
    "by an unknown owner": Wanted(owner="nobody"),
    "flapping": Wanted(flapping=True),
    "public": Wanted(public=True),
    "a month": Wanted(since=NOON - timedelta(days=130), until=NOON - timedelta(days=100)),
    "several at once": Wanted(state=State.RESOLVED, severity="critical", owner="bob", flapping=True),
}
ALERT_LISTS = {
    "everything": alert_store.Wanted(),
    "firing": alert_store.Wanted(state="firing"),
    "resolved": alert_store.Wanted(state="resolved"),
    "a later page": alert_store.Wanted(state="resolved", after=PAGE),
    "by name": alert_store.Wanted(name="InstanceDown"),
    "by an unknown name": alert_store.Wanted(name="Nonsense"),
    "by instance": alert_store.Wanted(instance="node-17"),
    "by severity": alert_store.Wanted(severity="critical"),
    "by an unknown severity": alert_store.Wanted(severity="nonsense"),
}


def explained(database: Database, statement: Select[Any]) -> list[Mapping[str, Any]]:
    """The steps by which the server would run it."""
    is_mariadb = getattr(database.engine.dialect, "is_mariadb", False)
    word = "EXPLAIN" if is_mariadb else "EXPLAIN FORMAT=TRADITIONAL"
    sql = statement.compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        return list(connection.exec_driver_sql(f"{word} {sql}".replace("%", "%%")).mappings())


def as_sent(database: Database, wanted: alert_store.Wanted) -> Select[Any]:
    """The statement by which the alerts are listed, joined in the order that fits how many have what is wanted."""
    with database.unit_of_work() as session:
        return alert_store.statement_for(session, wanted)


def faults(steps: list[Mapping[str, Any]]) -> list[str]:
    """What is wrong with a plan: a whole table read, or more than a page sorted out of a whole table."""
    found = []
    for step in steps:
        extra = step["Extra"] or ""
        if step["type"] == "ALL" and not step["table"].startswith("<"):
            found.append(f"reads all of {step['table']}")
        if "filesort" in extra and int(step["rows"] or 0) > MOST_ROWS:
            found.append(f"sorts {step['rows']} rows of {step['table']}")
    return found


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database, incidents=INCIDENTS, alerts=ALERTS, before=NOON)
    with database.engine.connect() as connection:
        tables = "alert, alert_series, incident, incident_component, incident_event"
        connection.execute(text(f"ANALYZE TABLE {tables}")).all()
    return database


def test_no_list_and_no_filter_reads_or_sorts_a_whole_table(filled: Database) -> None:
    statements: dict[str, Select[Any]] = {
        f"incidents: {name}": store.listing(wanted) for name, wanted in INCIDENT_LISTS.items()
    }
    statements |= {f"alerts: {name}": as_sent(filled, wanted) for name, wanted in ALERT_LISTS.items()}
    statements["what is due"] = settle.ending(Rules(), NOON)
    statements["alerts without an incident"] = orphans()
    statements["the last delivery"] = alert_store.LAST_HEARD
    bad = {name: found for name, statement in statements.items() if (found := faults(explained(filled, statement)))}
    assert not bad
    rows = {name: sum(int(step["rows"] or 0) for step in explained(filled, each)) for name, each in statements.items()}
    print("\n".join(f"{count:>7} rows  {name}" for name, count in rows.items()))
