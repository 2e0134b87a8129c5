"""Every panel of every dashboard, run against the live Prometheus of a running stack, has data."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

from sereno.outside.prometheus import PrometheusClient

ROOT = Path(__file__).parents[2]
OF_SERVICES = "service"
"""That dashboard needs a service of the user's own: tests/system/test_own_services.py."""

DASHBOARDS = {
    file.stem: json.loads(file.read_text())
    for file in sorted((ROOT / "grafana/dashboards").glob("*.json"))
    if file.stem != OF_SERVICES
}
QUERIES = [
    pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['refId']}")
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    for target in panel.get("targets", [])
]
VARIABLES = [
    pytest.param(variable["query"], id=f"{name}: {variable['name']}")
    for name, dashboard in DASHBOARDS.items()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]


def filled(text: str) -> str:
    """What Grafana makes of an expression with every choice at its default, at 15 seconds between scrapes."""
    for name, value in (("$__rate_interval", "1m"), ("$__range", "1h")):
        text = text.replace(name, value)
    return re.sub(r"\$(job|instance|component)\b", ".+", text)


@pytest.fixture(scope="module")
def prometheus(stack: NativeStack) -> Iterator[PrometheusClient]:
    """The stack's Prometheus, while somebody reads the desk's pages."""
    over = threading.Event()

    def read() -> None:
        while not over.wait(1):
            for path in ("/", "/login", "/status.json", "/nothing-of-that-name"):
                stack.get(path, Cookie=f"sereno_session=none-{time.time()}")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield PrometheusClient(f"http://127.0.0.1:{stack.ports['prometheus']}", timeout_seconds=10)
    finally:
        over.set()
        reader.join(30)


@pytest.mark.parametrize("expr", QUERIES)
def test_a_panel_has_data(prometheus: PrometheusClient, expr: str) -> None:
    # A rate needs two scrapes, a quantile a visit between them.
    series = wait_until(f"data for {filled(expr)}", lambda: prometheus.instant(filled(expr)), 60)
    assert any(one.value == one.value for one in series), "not only NaN"


@pytest.mark.parametrize("query", VARIABLES)
def test_a_choice_has_values(prometheus: PrometheusClient, query: str) -> None:
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert match
    metric, label = match.groups()
    series = prometheus.instant(filled(metric))
    assert {one.labels[label] for one in series}


def test_the_busiest_panel_names_components(prometheus: PrometheusClient) -> None:
    (panel,) = [p for p in DASHBOARDS["components"]["panels"] if p["title"] == "Busiest now"]
    series = wait_until("somebody is busy", lambda: prometheus.instant(filled(panel["targets"][0]["expr"])), 60)
    assert len(series) == 5
    assert {"webapp", "mysql", "prometheus"} & {one.labels["groupname"] for one in series}
