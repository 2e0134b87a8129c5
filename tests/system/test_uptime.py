"""Daily sums from a real Prometheus whose blocks are a day and a half old, and its gap is no uptime."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.equipment.desk import memory_database
from tests.equipment.monitoring import Monitoring, missing

from sereno.core.clock import utc_now
from sereno.database.session import Database
from sereno.outside.prometheus import PrometheusClient
from sereno.respond.status import store
from sereno.respond.status.rollup import RollUps
from sereno.respond.status.uptime import DAY_SECONDS, Day, Span, day_start
from sereno.settings import Settings

pytestmark = pytest.mark.skipif(
    bool(missing("prometheus")) or shutil.which("promtool") is None, reason="Prometheus's package is missing"
)

INTERVAL = 15


def yesterday() -> date:
    return (utc_now() - timedelta(days=1)).date()


def samples(name: str, labels: str, *, down: tuple[int, int], unmeasured: tuple[int, int]) -> Iterator[str]:
    """One line for each sample of yesterday, in the text format; hours of the day are down, or have none."""
    begin = round(day_start(yesterday()).timestamp())
    yield f"# TYPE {name} gauge"
    for second in range(INTERVAL, DAY_SECONDS + 1, INTERVAL):
        # A sample stands for the fifteen seconds before it.
        hour = (second - 1) / 3600
        if not unmeasured[0] <= hour < unmeasured[1]:
            yield f"{name}{{{labels}}} {0 if down[0] <= hour < down[1] else 1} {begin + second - 1}"


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[PrometheusClient]:
    lines = [
        *samples("component:up", 'component="mysql"', down=(6, 7), unmeasured=(10, 12)),
        *samples("probe_success", 'job="probes",instance="desk"', down=(20, 21), unmeasured=(10, 12)),
        "# EOF",
    ]
    told, blocks = tmp_path / "past.txt", tmp_path / "prometheus"
    told.write_text("\n".join(lines) + "\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(told), str(blocks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    servers = Monitoring(tmp_path)
    servers.start_prometheus({}, {})
    yield PrometheusClient(servers.url("prometheus"))
    servers.close()


def summed(database: Database, prometheus: PrometheusClient, spans: dict[str, list[Span]], now: datetime) -> Day:
    RollUps(database, prometheus, Settings(), lambda begin, end: spans, clock=lambda: now).run()
    with database.unit_of_work() as session:
        return store.days_of(session, "mysql")[yesterday()]


def test_yesterday_is_summed_up_from_what_prometheus_has(prometheus: PrometheusClient) -> None:
    database = memory_database()
    now = datetime.now(UTC)
    assert summed(database, prometheus, {}, now) == Day(up=21 * 3600, down=3600, unmeasured=7200)
    with database.unit_of_work() as session:
        desk = store.days_of(session, "webapp")[yesterday()]
    assert desk == Day(up=21 * 3600, down=3600, unmeasured=7200)


def test_maintenance_in_the_middle_of_an_outage_is_left_out_of_it(prometheus: PrometheusClient) -> None:
    begin = day_start(yesterday())
    spans = {"mysql": [(begin + timedelta(hours=6, minutes=30), begin + timedelta(hours=8))]}
    assert summed(memory_database(), prometheus, spans, datetime.now(UTC)) == Day(
        up=20 * 3600, down=1800, unmeasured=7200, maintenance=5400
    )
