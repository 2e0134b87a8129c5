"""What the status page says follows from what was measured, and what was not measured is never called well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.equipment.readings import HOST, NOON, Readings, history

from sereno.respond.status.model import Overall, ShownAlert, Status, build_status, public_sentence
from sereno.watch.model import State, Window

COMPONENTS = ("mysql", "webapp", "nginx", "worker", "prometheus", "grafana")


def shown(severity: str = "critical", *, suppressed: bool = False, minutes: int = 5, name: str = "X") -> ShownAlert:
    return ShownAlert(name, severity, NOON - timedelta(minutes=minutes), suppressed, {}, {})


def status(readings: Readings, *alerts: ShownAlert) -> Status:
    histories = {window: readings.history(window) if readings.problem is None else () for window in Window}
    return build_status(readings.overview(COMPONENTS), histories, alerts, optional=["grafana"])


def test_everything_up_and_quiet_is_well() -> None:
    assert status(Readings()).overall is Overall.OK


@pytest.mark.parametrize("name", ["nginx", "webapp", "mysql"])
def test_a_component_that_serves_and_is_down_means_down(name: str) -> None:
    assert status(Readings(states={name: State.DOWN})).overall is Overall.DOWN


def test_a_component_that_only_watches_and_is_down_needs_attention() -> None:
    seen = status(Readings(states={"prometheus": State.DOWN}))
    assert seen.overall is Overall.ATTENTION
    assert [one.name for one in seen.down] == ["prometheus"]


def test_what_serves_and_cannot_be_seen_makes_the_whole_unknown() -> None:
    assert status(Readings(states={"mysql": State.UNKNOWN})).overall is Overall.UNKNOWN


def test_something_known_to_be_down_outweighs_something_unknown() -> None:
    seen = status(Readings(states={"mysql": State.UNKNOWN, "nginx": State.DOWN}))
    assert seen.overall is Overall.DOWN


def test_without_prometheus_nothing_is_known_and_nothing_is_called_well() -> None:
    seen = status(Readings(problem="prometheus does not answer"))
    assert seen.overall is Overall.UNKNOWN
    assert {one.state for one in seen.components} == {State.UNKNOWN}
    assert [gauge.percent for gauge in seen.gauges] == [None, None, None]
    assert [gauge.beyond for gauge in seen.gauges] == [None, None, None]


def test_old_measurements_say_nothing_of_now() -> None:
    fresh = status(Readings(last_scrape=NOON - timedelta(seconds=60)))
    old = status(Readings(last_scrape=NOON - timedelta(seconds=91)))
    assert (fresh.overall, old.overall) == (Overall.OK, Overall.UNKNOWN)
    assert old.scrape_is_old


@pytest.mark.parametrize(
    ("alert", "overall"),
    [
        (shown("critical"), Overall.ATTENTION),
        (shown("warning"), Overall.ATTENTION),
        (shown(""), Overall.ATTENTION),
        (shown("info"), Overall.OK),
        (shown("critical", suppressed=True), Overall.OK),
    ],
)
def test_alerts_need_attention_unless_they_are_notices_or_silenced(alert: ShownAlert, overall: Overall) -> None:
    assert status(Readings(), alert).overall is overall


def test_the_loudest_alert_comes_first_and_the_oldest_among_equals() -> None:
    alerts = [
        shown("info", name="d"),
        shown("page", name="c"),
        shown("warning", name="b"),
        shown("critical", name="a2", minutes=1),
        shown("critical", name="a1", minutes=9),
    ]
    assert [alert.name for alert in status(Readings(), *alerts).alerts] == ["a1", "a2", "b", "c", "d"]


@pytest.mark.parametrize(("cpu", "beyond"), [(80.0, False), (80.1, True), (None, None)])
def test_a_threshold_is_crossed_only_beyond_it(cpu: float | None, beyond: bool | None) -> None:
    seen = status(Readings(hosts=(replace(HOST, cpu_percent=cpu),)))
    assert seen.gauges[0].beyond is beyond
    assert seen.overall is (Overall.ATTENTION if beyond else Overall.OK)


def test_memory_and_disk_are_looked_at_from_below() -> None:
    low_disk = replace(HOST.disks[1], free_percent=14.9)
    seen = status(Readings(hosts=(replace(HOST, memory_available_percent=19.0, disks=(HOST.disks[0], low_disk)),)))
    assert [(gauge.kind, gauge.number, gauge.beyond) for gauge in seen.gauges] == [
        ("cpu", 1, False),
        ("memory", 1, True),
        ("disk", 1, False),
        ("disk", 2, True),
    ]


def test_an_optional_component_that_never_was_is_left_out_and_one_that_died_is_not() -> None:
    never = status(Readings(states={"grafana": State.UNKNOWN}))
    died = status(Readings(states={"grafana": State.DOWN}))
    assert "grafana" not in [one.name for one in never.components]
    assert never.overall is Overall.OK
    assert "grafana" in [one.name for one in died.components]


def test_charts_belong_to_their_disk_and_their_host() -> None:
    other = replace(HOST, instance="other")
    overview = Readings().overview(COMPONENTS)
    seen = build_status(overview, {Window.HOUR: [history(Window.HOUR, host=other), history(Window.HOUR)]}, [])
    first, second = (gauge for gauge in seen.gauges if gauge.kind == "disk")
    assert first.hour is not None and second.hour is not None
    assert (first.hour.lowest, second.hour.lowest) == (44.0, 71.0)
    assert first.day is None


LABELS = {"alertname": "LowDiskSpace", "severity": "critical", "job": "node-exporter", "mountpoint": "/srv/secret"}


@pytest.mark.parametrize(
    ("sentence", "is_ours", "told"),
    [
        ("The disk is almost full", True, "The disk is almost full"),
        ("node-exporter does not answer", True, "node-exporter does not answer"),
        ("/srv/secret is almost full", True, "LowDiskSpace"),
        ("The disk is almost full", False, "LowDiskSpace"),
    ],
)
def test_strangers_read_no_path_address_or_words_of_a_users_own_rule(sentence: str, is_ours: bool, told: str) -> None:
    assert public_sentence(sentence, "LowDiskSpace", LABELS, is_ours=is_ours) == told


def test_an_instance_that_is_a_component_may_be_named_and_another_may_not() -> None:
    def told(instance: str) -> str:
        labels = {"alertname": "InstanceDown", "instance": instance}
        names = frozenset({"mysql", "nginx"})
        return public_sentence(f"{instance} does not answer", "InstanceDown", labels, is_ours=True, public_names=names)

    assert told("mysql") == "mysql does not answer"
    assert told("10.1.2.3:9100") == "InstanceDown"
