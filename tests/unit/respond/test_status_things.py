"""What users have of their own on the status page: services and probes, and further machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.equipment.readings import HOST, NOON, Readings

from sereno.core.text import Text
from sereno.respond.status.model import Overall, Status, build_status
from sereno.respond.status.things import Watched
from sereno.watch.model import State, Window
from sereno.watch.probes import Kind, Probe, Source

COMPONENTS = ("mysql", "webapp", "nginx")
SHOP = Watched("shop", Text("Shop", "Tienda"), "service", "Business")
BLOG = Watched("blog", Text("Blog", "Blog"), "probe")
HIDDEN = Watched("hidden", Text("Hidden", "Oculto"), "probe", "Business", public=False)
SECOND = replace(HOST, instance="second", name="attic-7")


def status(readings: Readings, *watched: Watched, hosts: tuple[str, ...] = ()) -> Status:
    overview = readings.overview([*COMPONENTS, *(each.name for each in watched)])
    histories = {window: readings.history(window) for window in Window}
    return build_status(overview, histories, (), watched=watched, hosts=hosts)


def test_things_stand_under_their_headings_and_not_among_components() -> None:
    seen = status(Readings(), SHOP, BLOG, HIDDEN)
    assert [(group.title, [thing.watched.name for thing in group.things]) for group in seen.groups] == [
        ("", ["blog"]),
        ("Business", ["shop", "hidden"]),
    ]
    assert {one.name for one in seen.components} == set(COMPONENTS)
    assert seen.overall is Overall.OK


@pytest.mark.parametrize(
    ("name", "state", "overall"),
    [
        ("shop", State.DOWN, Overall.DOWN),
        ("blog", State.DOWN, Overall.DOWN),
        ("hidden", State.DOWN, Overall.ATTENTION),
        ("shop", State.UNKNOWN, Overall.OK),
    ],
)
def test_what_readers_come_for_counts_as_the_service(name: str, state: State, overall: Overall) -> None:
    seen = status(Readings(states={name: state}), SHOP, BLOG, HIDDEN)
    assert seen.overall is overall


def test_what_was_measured_once_and_is_not_any_more_needs_attention() -> None:
    readings = Readings()
    overview = readings.overview([*COMPONENTS, "shop"])
    lost = tuple(
        replace(one, state=State.UNKNOWN, since=NOON - timedelta(hours=1)) if one.name == "shop" else one
        for one in overview.components
    )
    assert build_status(replace(overview, components=lost), {}, (), watched=[SHOP]).overall is Overall.ATTENTION


def test_what_is_hidden_is_not_named_among_what_is_down() -> None:
    seen = status(Readings(states={"hidden": State.DOWN, "shop": State.DOWN}), SHOP, HIDDEN)
    assert [one.name for one in seen.down] == ["shop"]


def test_a_probes_title_stands_for_it_and_its_name_where_it_has_none() -> None:
    probe = Probe("shop", Kind.HTTP, "https://shop.example", Source.SERVICE, Text("Shop", ""), group="Business")
    assert Watched.of(probe) == replace(SHOP, title=Text("Shop", "Shop"))
    assert Watched.of(replace(probe, title=Text("", ""), source=Source.STORED)).title == Text("shop", "shop")


def test_each_machine_has_its_own_gauges_and_this_one_comes_first() -> None:
    own = replace(HOST, instance="this")
    busy = replace(SECOND, cpu_percent=95.0)
    seen = status(Readings(hosts=(busy, own)), hosts=("second",))
    assert seen.host_name == own.name
    assert seen.gauges[0].percent == own.cpu_percent
    assert [(machine.name, machine.gauges[0].percent) for machine in seen.machines] == [("second", 95.0)]
    assert seen.overall is Overall.ATTENTION


def test_a_machine_that_does_not_answer_is_shown_as_unknown() -> None:
    (machine,) = status(Readings(), hosts=("second",)).machines
    assert not machine.is_measured
    assert {gauge.percent for gauge in machine.gauges} == {None}
