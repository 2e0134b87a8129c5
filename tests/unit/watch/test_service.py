"""The service and its readings, against a Prometheus of a few lines that answers what the test says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from sereno.core.errors import Unavailable
from sereno.settings import Settings
from sereno.watch.model import ComponentReading, State, Window
from sereno.watch.service import PrometheusReadings

NOW = datetime(2026, 11, 24, 12, 0, 10, tzinfo=UTC)
NODE = {"instance": "node:9100"}


@dataclass
class Series:
    labels: dict[str, str]
    value: float = 0.0
    points: dict[float, float] = field(default_factory=dict)


@dataclass
class Alert:
    labels: dict[str, str]
    state: str = "firing"
    annotations: dict[str, str] = field(default_factory=dict)
    active_at: datetime = NOW
    value: float = 1.0


@dataclass
class PlainPrometheus:
    """Answers every query with the same series."""

    series: list[Series] = field(default_factory=list)
    raised: list[Alert] = field(default_factory=list)
    asked: list[tuple[datetime, datetime, timedelta]] = field(default_factory=list)

    def instant(self, query: str, *, at: datetime | None = None) -> Sequence[Series]:
        return self.series

    def range(self, query: str, *, start: datetime, end: datetime, step: timedelta) -> Sequence[Series]:
        self.asked.append((start, end, step))
        return self.series

    def alerts(self) -> Sequence[Alert]:
        return self.raised


class AbsentPrometheus(PlainPrometheus):
    def instant(self, query: str, *, at: datetime | None = None) -> Sequence[Series]:
        raise Unavailable("prometheus does not answer: refused")


def reading(name: str, value: float, **labels: str) -> Series:
    return Series({"reading": name, **labels}, value)


def service(prometheus: PlainPrometheus) -> PrometheusReadings:
    return PrometheusReadings(prometheus, Settings(), clock=lambda: NOW)


HOST = [
    reading("scraped", NOW.timestamp() - 5, **NODE),
    reading("host", 1, nodename="pine", **NODE),
    reading("cpu", 12.5, **NODE),
    reading("memory_available", 300, **NODE),
    reading("memory_total", 1000, **NODE),
    reading("load", 0.5, **NODE),
    reading("disk_size", 1000, device="/dev/vda1", mountpoint="/", **NODE),
    reading("disk_free", 140, device="/dev/vda1", mountpoint="/", **NODE),
    reading("disk_size", 1000, device="/dev/vda1", mountpoint="/var/lib/bind", **NODE),
    reading("disk_free", 140, device="/dev/vda1", mountpoint="/var/lib/bind", **NODE),
    reading("disk_size", 50, device="/dev/vdb", mountpoint="/data", **NODE),
]


def test_a_host_is_read_whole_and_a_disk_mounted_twice_is_told_once() -> None:
    overview = service(PlainPrometheus(HOST)).overview([])
    (host,) = overview.hosts
    assert (host.name, host.scraped_at) == ("pine", NOW - timedelta(seconds=5))
    assert (host.cpu_percent, host.memory_available_percent, host.load_per_core) == (12.5, 30.0, 0.5)
    assert [(disk.mountpoint, disk.free_percent) for disk in host.disks] == [("/", 14.0), ("/data", None)]
    assert host.disks[0].is_low(overview.thresholds) is True
    assert host.disks[1].is_low(overview.thresholds) is None


def test_a_host_whose_exporter_was_not_scraped_is_not_told_of() -> None:
    assert (
        service(PlainPrometheus([series for series in HOST if series.labels["reading"] != "scraped"]))
        .overview([])
        .hosts
        == ()
    )


def test_nan_is_not_known_rather_than_a_number() -> None:
    series = [reading("scraped", 1, **NODE), reading("cpu", float("nan"), **NODE)]
    (host,) = service(PlainPrometheus(series)).overview([]).hosts
    assert host.cpu_percent is None
    assert host.memory_available_percent is None


def test_components_come_in_the_asked_order_and_the_unmeasured_are_unknown() -> None:
    noon = NOW.replace(second=0)
    prometheus = PlainPrometheus(
        [
            reading("state", 1, component="webapp"),
            reading("last_down", noon.timestamp(), component="webapp"),
            reading("state", 0, component="nginx"),
            reading("first_seen", noon.timestamp(), component="nginx"),
            reading("last_scrape", NOW.timestamp() - 1),
        ]
    )
    overview = service(prometheus).overview(["nginx", "mysql", "webapp"])
    assert overview.components == (
        ComponentReading("nginx", State.DOWN, noon, since_is_earliest_known=True),
        ComponentReading("mysql", State.UNKNOWN),
        ComponentReading("webapp", State.UP, noon),
    )
    assert overview.last_scrape == NOW - timedelta(seconds=1)
    assert overview.answered


def test_an_absent_prometheus_makes_everything_unknown_and_says_why() -> None:
    overview = service(AbsentPrometheus()).overview(["mysql"])
    assert overview.components == (ComponentReading("mysql", State.UNKNOWN),)
    assert overview.problem == "prometheus does not answer: refused"
    assert not overview.answered
    assert overview.hosts == overview.alerts == ()
    with pytest.raises(Unavailable):
        service(AbsentPrometheus()).top_consumers()


def test_alerts_are_told_loudest_first_without_the_pending_and_the_watchdog() -> None:
    early = NOW - timedelta(hours=1)
    prometheus = PlainPrometheus(
        raised=[
            Alert({"alertname": "Watchdog", "severity": "none"}),
            Alert({"alertname": "Info", "severity": "info"}),
            Alert({"alertname": "Own", "severity": "page-me"}),
            Alert({"alertname": "Old", "severity": "warning"}, active_at=early),
            Alert({"alertname": "Down", "severity": "critical"}),
            Alert({"alertname": "Soon", "severity": "critical"}, state="pending"),
        ]
    )
    alerts = service(prometheus).overview([]).alerts
    assert [alert.name for alert in alerts] == ["Down", "Old", "Own", "Info"]
    assert alerts[2].severity == "warning"


@pytest.mark.parametrize(("window", "step"), [(Window.HOUR, 30), (Window.DAY, 720)])
def test_charts_ask_for_at_most_120_points(window: Window, step: int) -> None:
    prometheus = PlainPrometheus()
    assert service(prometheus).history(window) == ()
    ((start, end, asked_step),) = prometheus.asked
    assert asked_step == timedelta(seconds=step)
    assert end == NOW.replace(second=0)
    assert (end - start) / asked_step == 119


def test_charts_have_one_line_for_each_reading_and_each_disk() -> None:
    at = NOW.replace(second=0).timestamp()

    def measured(name: str, **labels: str) -> Series:
        return Series({"reading": name, **NODE, **labels}, points={at: 42.0})

    prometheus = PlainPrometheus(
        [
            measured("cpu"),
            measured("disk", device="/dev/vdb", mountpoint="/data"),
            measured("disk", device="/dev/vda", mountpoint="/"),
            measured("disk", device="/dev/vda", mountpoint="/bind"),
        ]
    )
    (history,) = service(prometheus).history(Window.HOUR)
    assert history.cpu_percent is not None
    assert history.cpu_percent.known == (42.0,)
    assert history.memory_available_percent is None
    assert [line.name for line in history.disk_free_percent] == ["/", "/data"]


def test_consumers_are_told_in_shares_of_the_machine_with_the_memory_that_can_be_read() -> None:
    prometheus = PlainPrometheus(
        [
            reading("machine_cores", 4),
            reading("processes", 2, groupname="nginx"),
            reading("cores", 0.5, groupname="nginx"),
            reading("pss", 0, groupname="nginx"),
            reading("rss", 700, groupname="nginx"),
            reading("processes", 1, groupname="mysql"),
            reading("cores", 1, groupname="mysql"),
            reading("pss", 300, groupname="mysql"),
            reading("rss", 400, groupname="mysql"),
        ]
    )
    mysql, nginx = service(prometheus).top_consumers()
    assert (mysql.component, mysql.cpu_percent, mysql.memory_bytes, mysql.processes) == ("mysql", 25.0, 300, 1)
    assert (nginx.component, nginx.cpu_percent, nginx.memory_bytes, nginx.processes) == ("nginx", 12.5, 700, 2)
    assert service(prometheus).top_consumers(limit=1) == (mysql,)


def test_consumers_have_no_share_while_the_number_of_cores_is_not_known() -> None:
    prometheus = PlainPrometheus([reading("processes", 1, groupname="x"), reading("cores", 1, groupname="x")])
    (consumer,) = service(prometheus).top_consumers()
    assert (consumer.cores, consumer.cpu_percent, consumer.memory_bytes) == (1, None, None)
