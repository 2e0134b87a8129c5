"""What watch writes for the components of each platform."""

from pathlib import PurePosixPath

import pytest
import yaml

from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.place import Place
from sereno.serve.render import compose_place
from sereno.settings import Settings
from sereno.watch.inhibitions import inhibitions
from sereno.watch.rules import render_rules
from sereno.wiring.watched import configuration_of


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
    assert configuration_of(BY_NAME["prometheus"], native) == expected
    assert configuration_of(BY_NAME["prometheus"], compose_place()) == expected


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
