"""The dashboards as files: what Grafana's dashboard linter asks for, and that the SDK's types read them back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as models

from sereno.settings import Settings
from sereno.settings.model import AlertsSection
from sereno.watch.dashboards import dashboards, render_dashboards
from sereno.watch.dashboards.model import GRID_WIDTH, Panel

ROOT = Path(__file__).parents[3]
FILES = {name: json.loads(text) for name, text in render_dashboards(Settings()).items()}
PANELS = [
    pytest.param(panel, id=f"{dashboard.name}: {panel.title}")
    for dashboard in dashboards(Settings())
    for panel in dashboard.panels
]
OTHER_JOBS = {
    "Site from outside": "blackbox-exporter measures it",
    "Database connections": "mysqld-exporter measures them",
    "Nginx connections": "nginx-exporter measures them",
    "Nginx requests": "nginx-exporter measures them",
    "Probe duration": "blackbox-exporter measures it",
    "Certificate": "blackbox-exporter measures it",
    "Job duration": "only the worker has jobs, whichever instance is selected",
    "Since a job last succeeded": "only the worker has jobs, whichever instance is selected",
    "Up and down": "recorded for components, which are not instances",
    "Alerts firing": "every alert counts, whatever is selected",
}
"""Panels whose series do not belong to the selected job and instance, each with its reason."""

CHOICES = {"service.json": ("service",)}
"""What is chosen above a dashboard that is not about jobs and instances."""

COUNTER = re.compile(r"\b[a-z][a-z0-9_]*(?:_total|_sum|_count|_bucket)\b")


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_the_checked_in_dashboards_are_the_rendered_ones() -> None:
    folder = ROOT / "grafana" / "dashboards"
    assert {file.name: file.read_text() for file in folder.glob("*.json")} == render_dashboards(Settings())


def test_rendering_twice_gives_the_same_text() -> None:
    assert render_dashboards(Settings()) == render_dashboards(Settings())


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_sdks_types_read_a_dashboard_back_unchanged(name: str) -> None:
    register_default_plugins()
    read = models.Dashboard.from_json(FILES[name])
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == FILES[name]


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_dashboard_is_read_only_and_its_choices_follow_the_time_range(name: str) -> None:
    dashboard = FILES[name]
    assert dashboard["editable"] is False
    assert dashboard["uid"] == f"sereno-{name.removesuffix('.json')}"
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for choice in CHOICES.get(name, ("job", "instance")):
        assert variables[choice]["refresh"] == 2, "on time range change"
        assert variables[choice]["multi"] is True
        assert variables[choice]["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_panel_has_title_description_unit_and_the_chosen_data_source(name: str) -> None:
    titles = [panel["title"] for panel in panels_of(FILES[name])]
    assert len(titles) == len(set(titles))
    for panel in panels_of(FILES[name]):
        assert panel["title"]
        assert panel["description"].count("\n\n") == 1, "both languages"
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert target["legendFormat"]


@pytest.mark.parametrize("name", sorted(FILES))
def test_panels_have_a_number_each_and_do_not_overlap(name: str) -> None:
    numbers = [panel["id"] for panel in FILES[name]["panels"]]
    assert len(numbers) == len(set(numbers))
    taken: set[tuple[int, int]] = set()
    for panel in FILES[name]["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < GRID_WIDTH for x, _ in cells)
        taken |= cells


@pytest.mark.parametrize("panel", PANELS)
def test_every_query_is_about_the_selected_job_and_instance(panel: Panel) -> None:
    for query in panel.queries:
        selected = ('$job"' in query.expr and '$instance"' in query.expr) or '$service"' in query.expr
        assert selected or panel.title in OTHER_JOBS or 'job="mysql"' in query.expr


@pytest.mark.parametrize("panel", PANELS)
def test_counters_are_always_under_a_rate_over_grafanas_interval(panel: Panel) -> None:
    for query in panel.queries:
        for found in COUNTER.finditer(query.expr):
            before = query.expr[: found.start()]
            assert re.search(r"((rate|increase)|count( by \(\w+\) )?)\($", before), query.expr
        for window in re.findall(r"[})]\[([^\]]+)\]", query.expr):
            assert window in ("$__rate_interval", "$__range:"), query.expr


def test_exceptions_name_panels_that_exist() -> None:
    assert set(OTHER_JOBS) <= {panel.title for dashboard in dashboards(Settings()) for panel in dashboard.panels}


def test_threshold_lines_are_at_the_numbers_of_the_settings() -> None:
    def lines(settings: Settings) -> dict[str, float]:
        system = json.loads(render_dashboards(settings)["system.json"])
        steps = {panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in panels_of(system)}
        return {title: found[1]["value"] for title, found in steps.items() if len(found) > 1}

    seed = lines(Settings())
    assert (seed["CPU use over time"], seed["Memory available over time"], seed["Disk free"]) == (80, 20, 15)
    own = lines(Settings(alerts=AlertsSection(cpu_percent=60, memory_available_percent=10, disk_free_percent=5)))
    assert (own["CPU use over time"], own["Memory available over time"], own["Disk free"]) == (60, 10, 5)
