"""What watch reads, against a real Prometheus, Node Exporter and process-exporter at one-second intervals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from tests.equipment.monitoring import Monitoring, missing, wait_until

from sereno.core.errors import Unavailable
from sereno.outside.prometheus import PrometheusClient
from sereno.settings import Settings
from sereno.watch import ComponentReading, HostHistory, Overview, PrometheusReadings, State, Window
from sereno.watch.rules import render_rules

pytestmark = pytest.mark.skipif(
    bool(missing("prometheus", "node-exporter", "process-exporter")), reason="Prometheus's packages are missing"
)

COMPONENTS = ("prometheus", "node-exporter", "process-exporter", "mysql", "webapp")
BURN = "import time\nend = time.monotonic() + 20\nwhile time.monotonic() < end:\n    pass\n"
"""Twenty seconds of one core at the lowest priority, unless it is ended before."""


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    running = Monitoring(tmp_path_factory.mktemp("monitoring"))
    try:
        running.start_node_exporter()
        running.start_process_exporter(
            {"prometheus": "^prometheus .*config.file", "webapp": "a-busy-component", "node-exporter": "node-exporter"}
        )
        running.start_prometheus(
            {
                "node-exporter": [(running.address("node-exporter"), {"instance": "node-exporter"})],
                "process": [(running.address("process-exporter"), {"instance": "process-exporter"})],
                "prometheus": [(f"127.0.0.1:{running.reserve('prometheus')}", {"instance": "prometheus"})],
            },
            render_rules(Settings()),
        )
        yield running
    finally:
        running.close()


@pytest.fixture
def readings(monitoring: Monitoring) -> PrometheusReadings:
    return PrometheusReadings(PrometheusClient(monitoring.url("prometheus")), Settings())


def component(overview: Overview, name: str) -> ComponentReading:
    return next(found for found in overview.components if found.name == name)


def test_the_machines_real_numbers_are_read(readings: PrometheusReadings) -> None:
    def known() -> Overview | None:
        overview = readings.overview(COMPONENTS)
        return overview if overview.hosts and overview.hosts[0].cpu_percent is not None else None

    overview = wait_until("the processors have been measured twice", known)
    (host,) = overview.hosts
    memory = psutil.virtual_memory()
    assert host.name == psutil.os.uname().nodename
    assert host.memory_total_bytes == memory.total
    assert host.memory_available_percent == pytest.approx(100 * memory.available / memory.total, abs=5)
    assert 0 <= host.cpu_percent <= 100
    assert host.disks
    for disk in host.disks:
        usage = psutil.disk_usage(disk.mountpoint)
        assert disk.size_bytes == usage.total
        assert disk.free_bytes == pytest.approx(usage.free, rel=0.05)
    assert host.scraped_at is not None
    assert datetime.now(UTC) - host.scraped_at < timedelta(seconds=5)
    assert overview.last_scrape is not None
    assert overview.problem is None


def test_a_component_that_stops_is_down_since_then_and_up_again_since_it_is_back(
    monitoring: Monitoring, readings: PrometheusReadings
) -> None:
    def state(name: str) -> State:
        return component(readings.overview(COMPONENTS), name).state

    wait_until("node-exporter is up", lambda: state("node-exporter") is State.UP)
    assert state("mysql") is State.UNKNOWN

    stopped = datetime.now(UTC)
    monitoring.stop("node-exporter")
    try:
        wait_until("node-exporter is down", lambda: state("node-exporter") is State.DOWN)
        overview = readings.overview(COMPONENTS)
        down = component(overview, "node-exporter")
        assert overview.hosts == (), "nothing is told of a machine that is not measured"
        assert down.since is not None
        assert abs(down.since - stopped) < timedelta(seconds=4)
        assert not down.since_is_earliest_known
        wait_until(
            "the alert fires",
            lambda: "InstanceDown" in {alert.name for alert in readings.overview(COMPONENTS).alerts},
        )
    finally:
        started = datetime.now(UTC)
        monitoring.start_node_exporter()
    wait_until("node-exporter is up again", lambda: state("node-exporter") is State.UP)

    def settled() -> ComponentReading | None:
        up = component(readings.overview(COMPONENTS), "node-exporter")
        return up if up.since and up.since >= started - timedelta(seconds=3) else None

    up = wait_until("its beginning is known", settled, 10)
    assert up.since is not None
    assert abs(up.since - started) < timedelta(seconds=4)


def test_a_chart_shows_what_has_been_measured_and_breaks_before(readings: PrometheusReadings) -> None:
    def measured() -> HostHistory | None:
        return next((host for host in readings.history(Window.HOUR) if host.memory_available_percent), None)

    host = wait_until("a point of the chart has been measured", measured, 45)
    assert len(host.memory_available_percent.points) == 120
    assert host.memory_available_percent.points[0].value is None, "nothing was measured an hour ago"
    assert all(0 <= value <= 100 for value in host.memory_available_percent.known)
    assert [line.name for line in host.disk_free_percent]


def test_a_busy_component_is_the_first_of_the_consumers(readings: PrometheusReadings) -> None:
    burning = subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", BURN, "a-busy-component"])
    try:
        first = wait_until(
            "the busy component is first",
            lambda: (
                (top := readings.top_consumers())
                and top[0].component == "webapp"
                and top[0].cpu_percent is not None
                and top[0]
            ),
            20,
        )
        assert first.cores > 0
        assert first.cpu_percent == pytest.approx(100 * first.cores / psutil.cpu_count())
        assert first.processes == 1
        assert first.memory_bytes > 1_000_000
        assert len(readings.top_consumers(limit=1)) == 1
    finally:
        burning.kill()
        burning.wait(5)


def test_a_prometheus_that_is_away_makes_everything_unknown(monitoring: Monitoring) -> None:
    away = PrometheusReadings(PrometheusClient("http://127.0.0.1:9"), Settings())
    overview = away.overview(COMPONENTS)
    assert {found.state for found in overview.components} == {State.UNKNOWN}
    assert overview.problem
    with pytest.raises(Unavailable):
        away.history(Window.HOUR)


def test_the_client_tells_targets_and_version(monitoring: Monitoring) -> None:
    client = PrometheusClient(monitoring.url("prometheus"))
    assert client.version()[0].isdigit()
    wait_until("every target is up", lambda: {target.health for target in client.targets()} == {"up"})
    assert [target.job for target in client.targets()] == ["node-exporter", "process", "prometheus"]


def test_a_wrong_query_is_refused_in_words(monitoring: Monitoring) -> None:
    with pytest.raises(Unavailable, match="prometheus answered 400"):
        PrometheusClient(monitoring.url("prometheus")).instant("up{")
