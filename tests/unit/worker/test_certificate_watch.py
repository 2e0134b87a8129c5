"""The worker's look at the certificate: what it measures, when it has Nginx reload, when it begins a renewal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sereno.keep.certificates import record
from sereno.keep.certificates.model import Attempt, Held, Report, Window
from sereno.worker.certificates import MODULE, CertificateWatch, Measures

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DIRECTORY = "https://ca.test/directory"
HELD = Held("acme", ("a.test",), "the middle", "1f", "new", NOW - timedelta(days=10), NOW + timedelta(days=80))
REPORT = Report(
    made_at=NOW,
    kind="acme",
    wanted=("a.test",),
    held=HELD,
    planned_at=NOW + timedelta(days=50),
    why="lifetime",
    directory=DIRECTORY,
    directory_asked=DIRECTORY,
)


@dataclass
class Child:
    ended: bool = False

    def poll(self) -> int | None:
        return 0 if self.ended else None


@dataclass
class Scene:
    """Nginx, the store and the disk at once."""

    report: Report | None = REPORT
    shown: str | None = "new"
    disk: str = "new"
    now: datetime = NOW
    reloads: int = 0
    started: list[str] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        self.watch = CertificateWatch(
            wanted=("acme", ("a.test",), DIRECTORY),
            on_disk=lambda: self.disk,
            server=self,
            store=self,
            measures=Measures(self.registry),
            start=self.start,
            clock=lambda: self.now,
        )

    def start(self, module: str) -> Any:
        self.started.append(module)
        self.children.append(Child())
        return self.children[-1]

    def reload(self) -> None:
        self.reloads += 1

    def fingerprint(self) -> str | None:
        return self.shown

    @contextmanager
    def alone(self) -> Iterator[None]:
        yield

    def read(self) -> str:
        return "" if self.report is None else record.written(self.report)

    def write(self, text: str) -> None:
        raise AssertionError("the worker only reads")

    def value(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"sereno_certificate_{name}")


def test_while_all_is_well_nothing_is_begun() -> None:
    scene = Scene()
    scene.watch.look()
    assert (scene.started, scene.reloads, scene.value("served")) == ([], 0, 1)


def test_what_is_not_shown_is_measured_and_nginx_asked_to_take_it_over() -> None:
    scene = Scene(shown="old")
    scene.watch.look()
    assert (scene.value("served"), scene.reloads) == (0, 1)


def test_without_nginx_nothing_is_begun_and_nothing_claimed() -> None:
    scene = Scene(shown=None, report=None)
    scene.watch.look()
    assert scene.started == []
    assert math.isnan(scene.value("served") or 0)


@pytest.mark.parametrize(
    "report",
    [
        None,
        replace(REPORT, held=None),
        replace(REPORT, held=replace(HELD, fingerprint="another")),
        replace(REPORT, kind="self-signed"),
        replace(REPORT, wanted=("b.test",)),
        replace(REPORT, directory_asked="https://other.test/"),
        replace(REPORT, planned_at=NOW),
        replace(REPORT, made_at=NOW - timedelta(hours=6)),
        replace(REPORT, window=Window(NOW + timedelta(days=1), NOW + timedelta(days=2), NOW)),
    ],
)
def test_what_is_due_is_begun(report: Report | None) -> None:
    scene = Scene(report=report)
    scene.watch.look()
    assert scene.started == [MODULE]


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, failures=3, why="retry", planned_at=NOW + timedelta(seconds=1)),
        replace(REPORT, made_at=NOW - timedelta(hours=5)),
        replace(REPORT, window=Window(NOW + timedelta(days=1), NOW + timedelta(days=2), NOW + timedelta(seconds=1))),
    ],
)
def test_what_is_not_due_is_waited_for(report: Report) -> None:
    scene = Scene(report=report)
    scene.watch.look()
    assert scene.started == []


def test_one_child_at_a_time_and_a_minute_between_two() -> None:
    scene = Scene(report=None)
    scene.watch.look()
    scene.now += timedelta(minutes=5)
    scene.watch.look()
    assert len(scene.started) == 1, "it still works"
    scene.children[0].ended = True
    scene.watch.look()
    assert len(scene.started) == 2
    scene.children[1].ended = True
    scene.now += timedelta(seconds=59)
    scene.watch.look()
    assert len(scene.started) == 2
    scene.now += timedelta(seconds=1)
    scene.watch.look()
    assert len(scene.started) == 3


def test_the_report_is_measured() -> None:
    tries = (
        Attempt(NOW, "retry", succeeded=False, code="dns"),
        Attempt(NOW - timedelta(days=1), "first", succeeded=True),
    )
    scene = Scene(report=replace(REPORT, failures=1, attempts=tries))
    scene.watch.look()
    assert scene.value("renewal_failures") == 1
    assert scene.value("renewal_last_attempt_timestamp_seconds") == NOW.timestamp()
    assert scene.value("renewal_last_success_timestamp_seconds") == NOW.timestamp() - 86400
    assert scene.value("renewal_planned_timestamp_seconds") == (NOW + timedelta(days=50)).timestamp()
    assert scene.value("not_after_timestamp_seconds") == HELD.not_after.timestamp()
    labels = {"kind": "acme", "issuer": "the middle", "serial": "1f"}
    assert scene.registry.get_sample_value("sereno_certificate_info", labels) == 1
    scene.report = replace(REPORT, planned_at=None, held=replace(HELD, serial="20"))
    scene.watch.look()
    assert scene.value("renewal_planned_timestamp_seconds") == 0
    assert scene.registry.get_sample_value("sereno_certificate_info", labels) is None
