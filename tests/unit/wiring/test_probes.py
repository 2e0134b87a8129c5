"""Stored probes with their database: names, changes under the worker's eyes, and blackbox-exporter's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.equipment.desk import memory_database

from sereno.core.errors import Conflict, Unavailable
from sereno.core.text import Text
from sereno.guard.model import Actor
from sereno.outside import lookup
from sereno.settings import Settings
from sereno.watch.probes import Kind, Probe, Source, file_probes
from sereno.watch.probes.judge import Found, Inside, Refusal
from sereno.watch.probes.stored import NameTaken, NoSuchProbe
from sereno.wiring.probes import ModulesWriter, Probes, names_of_settings

BOB = Actor("bob", "192.0.2.1")
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SITE = Probe("site", Kind.HTTP, "https://site.example/", Source.STORED, Text("", ""), contains="ok", follow=False)
SETTINGS = Settings.model_validate({"probes": [{"name": "shop", "target": "https://shop.example/", "contains": "hi"}]})


class Names:
    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {"site.example": ["192.0.2.7"]}

    def found(self, host: str) -> Sequence[Found]:
        return [Found(each) for each in self.known.get(host, [])]

    def inside(self) -> Inside:
        return Inside(frozenset({9090}))

    def may_ping(self) -> bool:
        return True


class Exporter:
    def __init__(self) -> None:
        self.reloads = 0
        self.away = False

    def reload(self) -> None:
        if self.away:
            raise Unavailable("blackbox-exporter does not answer")
        self.reloads += 1


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def probes(names: Names) -> Probes:
    return Probes(memory_database(), file_probes(SETTINGS), names_of_settings(SETTINGS), names)


@pytest.mark.parametrize("name", ["shop", "mysql", "redirect"])
def test_a_name_is_had_once(probes: Probes, name: str) -> None:
    with pytest.raises(NameTaken):
        probes.add(replace(SITE, name=name), actor=BOB, now=NOW)
    probes.add(SITE, actor=BOB, now=NOW)
    with pytest.raises(NameTaken):
        probes.add(SITE, actor=BOB, now=NOW)


def test_there_is_a_limit(probes: Probes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sereno.watch.probes.service.LARGEST_NUMBER_OF_PROBES", 1)
    probes.add(SITE, actor=BOB, now=NOW)
    with pytest.raises(Conflict):
        probes.add(replace(SITE, name="other"), actor=BOB, now=NOW)


def test_a_probe_that_is_gone_is_told_so(probes: Probes) -> None:
    added = probes.add(SITE, actor=BOB, now=NOW)
    probes.remove(added.id, actor=BOB, now=NOW)
    for missing in (
        lambda: probes.one(added.id),
        lambda: probes.named("site"),
        lambda: probes.remove(added.id, actor=BOB, now=NOW),
        lambda: probes.change(added.id, SITE, actor=BOB, now=NOW),
    ):
        with pytest.raises(NoSuchProbe):
            missing()


def test_a_name_that_comes_to_mean_a_closed_place_rests_until_it_means_another(probes: Probes, names: Names) -> None:
    probes.add(SITE, actor=BOB, now=NOW)
    assert probes.targets()[0]["targets"] == ["https://192.0.2.7/"]
    names.known["site.example"] = ["169.254.169.254"]
    probes.look_up_again(NOW + timedelta(minutes=1))
    assert probes.stored()[0].refused is Refusal.LINK_LOCAL
    assert probes.targets() == []
    names.known["site.example"] = ["192.0.2.8"]
    probes.look_up_again(NOW + timedelta(minutes=2))
    assert probes.targets()[0]["targets"] == ["https://192.0.2.8/"]


def test_a_name_that_is_lost_makes_the_probe_fail_and_not_rest(probes: Probes, names: Names) -> None:
    probes.add(SITE, actor=BOB, now=NOW)
    names.known.clear()
    probes.look_up_again(NOW)
    assert probes.stored()[0].refused is None
    assert probes.targets()[0]["targets"] == ["https://site.example.invalid/"]


def test_the_exporters_file_follows_the_probes_and_it_is_told_of_changes_alone(probes: Probes, tmp_path: Path) -> None:
    exporter, file = Exporter(), tmp_path / "blackbox.yml"
    file.write_text("modules: {}")
    writer = ModulesWriter(probes, tmp_path, exporter)
    writer.write()
    writer.write()
    assert exporter.reloads == 1
    before = yaml.safe_load(file.read_text())["modules"]
    added = probes.add(SITE, actor=BOB, now=NOW)
    writer.write()
    assert exporter.reloads == 2
    after = yaml.safe_load(file.read_text())["modules"]
    (new,) = set(after) - set(before)
    assert probes.targets()[0]["labels"]["module"] == new
    probes.remove(added.id, actor=BOB, now=NOW)
    writer.write()
    assert yaml.safe_load(file.read_text())["modules"] == before


def test_an_exporter_that_was_away_is_told_again(probes: Probes, tmp_path: Path) -> None:
    exporter = Exporter()
    (tmp_path / "blackbox.yml").write_text("")
    writer = ModulesWriter(probes, tmp_path, exporter)
    exporter.away = True
    with pytest.raises(Unavailable):
        writer.write()
    exporter.away = False
    writer.write()
    assert exporter.reloads == 1


@pytest.mark.parametrize(
    ("text", "groups", "may"),
    [("1\t0\n", [0, 1], False), ("0\t2147483647\n", [998], True), ("100 200", [99, 201], False), ("x", [1], False)],
)
def test_pings_are_for_the_groups_of_a_range(tmp_path: Path, text: str, groups: list[int], may: bool) -> None:
    file = tmp_path / "ping_group_range"
    file.write_text(text)
    assert lookup.may_ping(groups, file) is may
    assert not lookup.may_ping(groups, tmp_path / "away")


def test_the_gateway_is_the_default_routes(tmp_path: Path) -> None:
    file = tmp_path / "route"
    file.write_text("Iface Destination Gateway Flags\neth0 0029D50A 00000000 0001\neth0 00000000 0129D50A 0003\n")
    assert lookup.gateway(file) == "10.213.41.1"
    file.write_text("Iface Destination Gateway Flags\n")
    assert lookup.gateway(file) is None


def test_addresses_are_themselves_and_this_machines_are_known() -> None:
    assert lookup.addresses("192.0.2.7") == ("192.0.2.7",)
    assert lookup.is_own("127.0.0.1")
    assert not lookup.is_own("192.0.2.7")
