"""A database that has seen years: incidents and alerts by the thousand, written straight into the tables."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select

from sereno.database.session import Database
from sereno.respond.alerts.tables import AlertRow, ReportRow, SeriesRow
from sereno.respond.incidents.families import event_values
from sereno.respond.incidents.grouping import family_of
from sereno.respond.incidents.model import Kind
from sereno.respond.incidents.tables import ComponentRow, EventRow, IncidentRow

SEVERITIES = ("critical", "warning", "warning", "info", "page")
COMPONENTS = ("nginx", "mysql", "webapp", "shop", "wiki", "machine", "grafana")
OWNERS = (None, None, "alice", "bob")
RULES = ("InstanceDown", "HighCpuUsage", "LowDiskSpace", "ProbeFailed", "ServiceErrors")
PARCEL = 5_000


def fill(database: Database, *, incidents: int, alerts: int, before: datetime) -> None:
    """Add so many resolved incidents (one in a hundred is open), their alerts and timelines, all before `before`."""
    each = max(1, alerts // incidents)
    with database.unit_of_work() as session:
        begin = session.scalar(select(func.coalesce(func.max(IncidentRow.id), 0))) or 0
    numbers = range(begin + 1, begin + 1 + incidents)
    parcel = max(1, PARCEL // each)
    for start in range(0, incidents, parcel):
        own = numbers[start : start + parcel]
        with database.unit_of_work() as session:
            connection = session.connection()
            connection.execute(insert(IncidentRow), [_incident(number, before) for number in own])
            connection.execute(insert(ComponentRow), [_component(number, before) for number in own])
            connection.execute(insert(EventRow), [_opened(number, before) for number in own])
            pairs = [(number, place) for number in own for place in range(each)]
            connection.execute(insert(SeriesRow), [_series(*pair, before) for pair in pairs])
            connection.execute(insert(ReportRow), [_report(*pair, before) for pair in pairs])
            connection.execute(insert(AlertRow), [_alert(*pair, before) for pair in pairs])


def _opened_at(number: int, before: datetime) -> datetime:
    return before - timedelta(days=400) + timedelta(minutes=50 * number)


def _is_open(number: int) -> bool:
    return number % 100 == 0


def _incident(number: int, before: datetime) -> dict[str, object]:
    opened_at = _opened_at(number, before)
    family = family_of(f"filled {number % 997}")
    over = not _is_open(number)
    acknowledged = number % 3 > 0
    return {
        "id": number,
        "title": f"Trouble {number}",
        "title_es": f"Problema {number}",
        "state": "resolved" if over else "acknowledged" if acknowledged else "open",
        "severity": SEVERITIES[number % len(SEVERITIES)],
        "public": number % 20 == 0,
        "opened_at": opened_at,
        "detected_at": opened_at + timedelta(seconds=20),
        "acknowledged_at": opened_at + timedelta(minutes=number % 30 + 1) if acknowledged else None,
        "acknowledged_by": "bob" if acknowledged else None,
        "resolved_at": opened_at + timedelta(minutes=40) if over else None,
        "resolved_by": None,
        "owner": OWNERS[number % len(OWNERS)],
        "components": [COMPONENTS[number % len(COMPONENTS)]],
        "flapping": number % 9 == 0,
        "opened_by": "alertmanager",
        "rule": RULES[number % len(RULES)],
        "group_key": f"filled {number % 997}",
        "family": family,
        "slot": None,
        "host": None,
        "merged_into": None,
        "by_hand": False,
        "news": False,
    }


def _component(number: int, before: datetime) -> dict[str, object]:
    return {
        "incident_id": number,
        "component": COMPONENTS[number % len(COMPONENTS)],
        "opened_at": _opened_at(number, before),
    }


def _opened(number: int, before: datetime) -> dict[str, object]:
    return event_values(number, Kind.OPENED, at=_opened_at(number, before), actor="alertmanager") | {"pending": False}


def _fingerprint(number: int, place: int) -> str:
    return f"filled-{number}-{place}"


def _series(number: int, place: int, before: datetime) -> dict[str, object]:
    labels = {
        "alertname": RULES[number % len(RULES)],
        "instance": f"node-{number % 997}",
        "severity": SEVERITIES[number % len(SEVERITIES)],
        "place": str(place),
    }
    return {
        "fingerprint": _fingerprint(number, place),
        "name": labels["alertname"],
        "severity": labels["severity"],
        "instance": labels["instance"],
        "labels": labels,
        "heard_at": _opened_at(number, before),
    }


def _times(number: int, before: datetime) -> tuple[datetime, datetime | None]:
    began_at = _opened_at(number, before)
    return began_at, None if _is_open(number) else began_at + timedelta(minutes=40)


def _report(number: int, place: int, before: datetime) -> dict[str, object]:
    began_at, ended_at = _times(number, before)
    return {
        "fingerprint": _fingerprint(number, place),
        "starts_at": began_at,
        "firing_seen_at": began_at,
        "ended_at": ended_at,
    }


def _alert(number: int, place: int, before: datetime) -> dict[str, object]:
    began_at, ended_at = _times(number, before)
    return {
        "fingerprint": _fingerprint(number, place),
        "began_at": began_at,
        "starts_at": began_at,
        "ended_at": ended_at,
        "ended_by": "told" if ended_at else None,
        "suppressed": False,
        "annotations": {"summary": f"Trouble {number}"},
        "generator_url": "http://prometheus:9090/graph?g0.expr=up",
        "missed_polls": 0,
        "missing_since": None,
        "updated_at": began_at,
        "incident_id": number,
    }
