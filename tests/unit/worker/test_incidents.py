"""What the worker tells on the timelines of open incidents, and what it measures of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from tests.equipment.desk import memory_database
from tests.unit.worker.test_backups import FolderStandIn, backup

from sereno.core.errors import Unavailable
from sereno.core.text import Text
from sereno.guard.model import Actor
from sereno.respond.incidents.model import Event, Kind
from sereno.respond.incidents.service import Incidents
from sereno.settings import Settings
from sereno.worker.incidents import Around, IncidentMeasures

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BOB = Actor("bob", "192.0.2.1")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Started:
    labels: dict[str, str]
    value: float
    at: float = 0.0


@dataclass
class PrometheusStandIn:
    """A Prometheus that knows when processes started."""

    started: dict[str, datetime] = field(default_factory=dict)
    is_away: bool = False

    def instant(self, query: str, *, at: datetime | None = None) -> Sequence[Started]:
        if self.is_away:
            raise Unavailable("prometheus does not answer")
        return [Started({"groupname": name}, moment.timestamp() + 0.2) for name, moment in self.started.items()]

    range = alerts = instant


class Stage:
    def __init__(self) -> None:
        self.now = NOON
        self.database = memory_database()
        self.prometheus = PrometheusStandIn()
        self.shelf = FolderStandIn()
        self.incidents = Incidents(self.database, clock=lambda: self.now)

    def look(self, settings: Settings | None = None) -> None:
        Around(settings or Settings(), self.database, self.prometheus, self.shelf, clock=lambda: self.now).look()

    def open(self) -> int:
        return self.incidents.open(Text("Slow", ""), "warning", actor=BOB).id

    def told(self, id: int) -> list[tuple[Kind, object]]:
        return [(event.kind, _what(event)) for event in self.incidents.timeline(id) if event.actor == "sereno"]


def _what(event: Event) -> object:
    return event.details["component"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_restart_is_told_once_on_every_open_incident_and_on_none_that_is_over(stage: Stage) -> None:
    over, first = stage.open(), stage.open()
    stage.incidents.resolve(over, BOB)
    stage.now = at(10)
    stage.prometheus.started = {"nginx": at(9), "mysql": at(-300)}
    for _ in range(3):
        stage.look()
    second = stage.open()
    stage.look()
    assert stage.told(over) == []
    assert stage.told(first) == stage.told(second) == [(Kind.RESTARTED, "nginx")]
    stage.prometheus.started["nginx"] = at(11)
    stage.now = at(12)
    stage.look()
    assert stage.told(first) == 2 * [(Kind.RESTARTED, "nginx")]


def test_changed_settings_are_told_and_the_first_ever_are_no_change(stage: Stage) -> None:
    number = stage.open()
    stage.look()
    assert stage.told(number) == []
    stage.now = at(1)
    changed = Settings.model_validate({"alerts": {"cpu_percent": 70}})
    stage.look(changed)
    stage.look(changed)
    assert [kind for kind, _ in stage.told(number)] == [Kind.SETTINGS_CHANGED]


def test_a_backup_is_told_also_while_prometheus_is_away(stage: Stage) -> None:
    number = stage.open()
    stage.prometheus.is_away = True
    stage.shelf.backups = [backup(at(-600)), backup(at(3))]
    stage.now = at(4)
    stage.look()
    assert stage.told(number) == [(Kind.BACKUP, stage.shelf.backups[1].name)]


def test_measures_leave_out_what_no_incident_has(stage: Stage) -> None:
    registry = CollectorRegistry()
    measures = IncidentMeasures(registry, Settings(), stage.database, lambda: stage.now)
    number = stage.open()
    stage.now = at(1)
    measures.show()
    opened = {"severity": "warning", "state": "open"}
    assert registry.get_sample_value("sereno_incidents_open", opened) == 1
    assert registry.get_sample_value("sereno_incident_acknowledge_seconds", {"statistic": "mean"}) is None
    stage.incidents.acknowledge(number, BOB)
    measures.show()
    assert registry.get_sample_value("sereno_incidents_open", opened) == 0
    assert registry.get_sample_value("sereno_incident_acknowledge_seconds", {"statistic": "mean"}) == 60
