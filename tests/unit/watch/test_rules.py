"""The rules as text and data; what they do is tested by promtool (tests/system/test_rules.py)."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from sereno.settings import Settings
from sereno.settings.model import AlertsSection, PrometheusSection, Site
from sereno.watch.conventions import component_of, duration, rate_window
from sereno.watch.inhibitions import inhibitions, render_inhibitions
from sereno.watch.model import Severity
from sereno.watch.rules import Alert, all_alerts, render_rules

ROOT = Path(__file__).parents[3]
RULES = ROOT / "prometheus" / "rules"
TESTS = ROOT / "prometheus" / "tests"
ALERTS = all_alerts(Settings())


def rule(name: str, settings: Settings) -> dict[str, Any]:
    for text in render_rules(settings).values():
        for found in yaml.safe_load(text)["groups"][0]["rules"]:
            if found.get("alert") == name:
                return dict(found)
    raise AssertionError(name)


def test_the_checked_in_rules_are_the_rendered_ones() -> None:
    rendered = render_rules(Settings())
    assert {file.name: file.read_text() for file in RULES.glob("*.yml")} == rendered


def test_the_seeds_four_alerts_have_exactly_its_expressions_and_durations() -> None:
    cpu = rule("HighCpuUsage", Settings())
    assert cpu["expr"] == '100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[1m]))) > 80'
    assert cpu["for"] == "2m"
    memory = rule("LowMemoryAvailable", Settings())
    assert memory["expr"] == "100 * node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 20"
    assert "for" not in memory
    disk = rule("LowDiskSpace", Settings())
    assert re.search(r"node_filesystem_avail_bytes\{.*\} / node_filesystem_size_bytes < 15$", disk["expr"], re.M)
    assert "for" not in disk
    down = rule("InstanceDown", Settings())
    assert (down["expr"], "for" in down) == ("up == 0", False)


def test_the_thresholds_are_settings() -> None:
    settings = Settings(
        alerts=AlertsSection(cpu_percent=70, cpu_for="5m", memory_available_percent=12.5, disk_free_percent=9)
    )
    cpu = rule("HighCpuUsage", settings)
    assert cpu["expr"].endswith("> 70")
    assert cpu["for"] == "5m"
    assert "70 %" in cpu["annotations"]["summary"]
    assert rule("LowMemoryAvailable", settings)["expr"].endswith("< 12.5")
    assert "< 9\n" in rule("LowDiskSpace", settings)["expr"]


@pytest.mark.parametrize(("interval", "window"), [("15s", "1m"), ("5s", "1m"), ("30s", "2m"), ("25s", "100s")])
def test_rates_look_back_over_four_scrapes_at_least(interval: str, window: str) -> None:
    settings = Settings(prometheus=PrometheusSection(scrape_interval=interval))
    assert duration(rate_window(settings)) == window
    assert f"[{window}]" in rule("HighCpuUsage", settings)["expr"]


@pytest.mark.parametrize(
    ("site", "address"),
    [
        (Site(), "https://localhost:8443"),
        (Site(domain="shop.example", https_port=443), "https://shop.example"),
        (Site(public_url="https://elsewhere.example/"), "https://elsewhere.example"),
    ],
)
def test_runbooks_lie_on_the_desk_under_its_public_address(site: Site, address: str) -> None:
    url = rule("InstanceDown", Settings(site=site))["annotations"]["runbook_url"]
    assert url == f"{address}/runbooks/InstanceDown"


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_every_alert_is_complete_in_both_languages(alert: Alert) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]+", alert.name)
    for text in (alert.summary, alert.description):
        assert text.en
        assert text.es
        assert text.en != text.es
        values = re.compile(r"\{\{.*?\}\}")
        assert sorted(values.findall(text.en)) == sorted(values.findall(text.es)), "both languages tell the same values"
    assert "\n" not in alert.summary.en + alert.summary.es
    assert (alert.severity is Severity.NONE) == (alert.name == "Watchdog")


def test_alert_names_are_unique() -> None:
    names = [alert.name for alert in ALERTS]
    assert len(names) == len(set(names))


def promtool_cases() -> tuple[dict[str, int], dict[str, int]]:
    """How often each alert is expected to fire and to be silent in `prometheus/tests/`."""
    firing: defaultdict[str, int] = defaultdict(int)
    silent: defaultdict[str, int] = defaultdict(int)
    for file in TESTS.glob("*.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                (firing if case["exp_alerts"] else silent)[case["alertname"]] += 1
            for case in test.get("promql_expr_test", []):
                for name in re.findall(r'ALERTS\{alertname="(\w+)",alertstate="firing"\}', case["expr"]):
                    (firing if case["exp_samples"] else silent)[name] += 1
    return firing, silent


def test_every_alert_has_a_firing_and_a_silent_case() -> None:
    firing, silent = promtool_cases()
    names = {alert.name for alert in ALERTS}
    assert names - set(firing) == set()
    assert names - set(silent) == {"Watchdog"}, "the Watchdog alone is never silent"
    assert (set(firing) | set(silent)) - names == set(), "a case names an alert that does not exist"


def test_every_file_of_rules_is_loaded_by_a_promtool_test() -> None:
    tested = {
        Path(name).name for file in TESTS.glob("*.yml") for name in yaml.safe_load(file.read_text())["rule_files"]
    }
    assert tested == {file.name for file in RULES.glob("*.yml")}


def test_inhibitions_name_alerts_that_exist_and_never_mute_the_watchdog() -> None:
    names = {alert.name for alert in ALERTS}
    for inhibition in inhibitions(Settings()):
        for matcher in (*inhibition.source, *inhibition.target):
            name, operator, value = re.fullmatch(r'(\w+)(=~|!=|=)"(.+)"', matcher).groups()  # type: ignore[union-attr]
            if name == "alertname" and operator != "!=":
                assert {found for found in names if re.fullmatch(value, found)}, matcher
                if matcher in inhibition.target:
                    assert not re.fullmatch(value, "Watchdog")
    written = yaml.safe_load(render_inhibitions(Settings()))
    assert written == [inhibition.written() for inhibition in inhibitions(Settings())]


def test_only_a_louder_alert_about_the_same_thing_mutes_the_seeds_alerts() -> None:
    for inhibition in inhibitions(Settings()):
        for target in inhibition.target:
            if "LowDiskSpace" in target or "HighCpuUsage" in target:
                assert "instance" in inhibition.equal


@pytest.mark.parametrize(
    ("labels", "component"),
    [
        ({"alertname": "MysqlDown", "component": "mysql", "job": "mysql"}, "mysql"),
        ({"alertname": "InstanceDown", "job": "mysql"}, "mysqld-exporter"),
        ({"alertname": "InstanceDown", "job": "node-exporter"}, "node-exporter"),
        ({"alertname": "LowMemoryAvailable", "job": "node-exporter"}, None),
        ({"alertname": "InstanceDown", "job": "webapp", "instance": "worker"}, "worker"),
        ({"alertname": "InstanceDown", "job": "webapp", "instance": "webapp:5000"}, "webapp"),
        ({"alertname": "InstanceDown", "job": "somebody-elses"}, None),
        ({}, None),
    ],
)
def test_an_alerts_labels_tell_the_component(labels: dict[str, str], component: str | None) -> None:
    assert component_of(labels) == component
