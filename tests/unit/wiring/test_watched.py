"""What watch writes for the components of each platform."""

from pathlib import Path, PurePosixPath

import pytest
import yaml

from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.place import Place
from sereno.serve.render import compose_place
from sereno.settings import Settings
from sereno.watch.inhibitions import inhibitions
from sereno.watch.probes import file_probes
from sereno.watch.probes.modules import modules, render_modules
from sereno.watch.rules import render_rules
from sereno.wiring.watched import configuration_beside, configuration_of


@pytest.fixture
def native() -> Place:
    ports = default_ports() | {"prometheus": 19090}
    return Place(
        platform="native",
        profile="small",
        settings=Settings(),
        home=PurePosixPath("/srv/home"),
        hosts=dict.fromkeys(ports, "127.0.0.1"),
        ports=ports,
    )


def test_prometheus_gets_the_same_rules_everywhere(native: Place) -> None:
    expected = {f"rules/{name}": text for name, text in render_rules(Settings()).items()}
    for place in (native, compose_place()):
        files = configuration_of(BY_NAME["prometheus"], place)
        assert {name: text for name, text in files.items() if name.startswith("rules/")} == expected
        assert set(files) - set(expected) == {"prometheus.yml"}


PROBED = {"probes": [{"name": "shop", "target": "https://shop.example/", "contains": "hello"}]}


def test_probes_of_the_file_are_told_to_prometheus_and_to_blackbox_exporter() -> None:
    place = compose_place(
        Settings.model_validate(PROBED | {"hosts": [{"name": "second", "address": "192.0.2.7:9100"}]})
    )
    prometheus = yaml.safe_load(configuration_of(BY_NAME["prometheus"], place)["prometheus.yml"])
    jobs = {job["job_name"]: job for job in prometheus["scrape_configs"]}
    desk, redirect, shop = jobs["probes"]["static_configs"]
    assert [each["labels"]["instance"] for each in (desk, redirect, shop)] == ["desk", "redirect", "shop"]
    assert "source" not in desk["labels"]
    assert jobs["probes"]["http_sd_configs"][0]["url"] == "http://webapp:5000/api/v1/targets"
    modules = yaml.safe_load(configuration_of(BY_NAME["blackbox-exporter"], place)["blackbox.yml"])["modules"]
    assert {each["labels"]["module"] for each in (desk, redirect, shop)} <= set(modules)
    assert [each["labels"]["instance"] for each in jobs["node-exporter"]["static_configs"]] == [
        "node-exporter",
        "second",
    ]


def test_what_the_worker_has_told_blackbox_exporter_outlives_another_up(native: Place, tmp_path: Path) -> None:
    present = tmp_path / "blackbox.yml"
    told = render_modules(modules(file_probes(Settings.model_validate(PROBED))))
    blackbox = BY_NAME["blackbox-exporter"]
    fresh = configuration_of(blackbox, native)
    assert configuration_beside(present)(blackbox, native) == fresh
    present.write_text(told)
    assert configuration_beside(present)(blackbox, native) == {"blackbox.yml": told} != fresh


def test_alertmanager_gets_the_inhibitions(native: Place) -> None:
    written = yaml.safe_load(configuration_of(BY_NAME["alertmanager"], native)["alertmanager.yml"])
    assert written["inhibit_rules"] == [inhibition.written() for inhibition in inhibitions(Settings())]
    assert written["route"]["receiver"] == "desk"


def test_grafana_is_told_of_this_places_prometheus_and_dashboards(native: Place) -> None:
    files = configuration_of(BY_NAME["grafana"], native)
    assert set(files) == {"provisioning/datasources/sereno.yml", "provisioning/dashboards/sereno.yml"}
    prometheus = yaml.safe_load(files["provisioning/datasources/sereno.yml"])["datasources"][0]
    assert prometheus["url"] == "http://127.0.0.1:19090"
    provider = yaml.safe_load(files["provisioning/dashboards/sereno.yml"])["providers"][0]
    assert provider["options"]["path"] == "/srv/home/etc/grafana/dashboards"
    compose = configuration_of(BY_NAME["grafana"], compose_place())
    assert "http://prometheus:9090" in compose["provisioning/datasources/sereno.yml"]
    assert "/etc/grafana/dashboards" in compose["provisioning/dashboards/sereno.yml"]


def test_other_components_get_nothing(native: Place) -> None:
    assert configuration_of(BY_NAME["nginx"], native) == {}
