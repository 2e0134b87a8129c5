"""The Compose file's promises, each for every service."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.compose_file import compose_file, has_check
from sereno.serve.render import HEADER, compose_place

TEXT = compose_file(compose_place(), HEADER)
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
COMPONENTS = [component.name for component in CATALOGUE]
RIGHTS = {
    "prepare": {"CHOWN", "DAC_OVERRIDE", "FOWNER"},
    "nginx": {"CHOWN", "SETGID", "SETUID"},
    "process-exporter": {"DAC_READ_SEARCH", "SYS_PTRACE"},
}
each_service = pytest.mark.parametrize("name", list(SERVICES))
each_component = pytest.mark.parametrize("name", COMPONENTS)


def test_its_services_are_the_catalogue_and_the_one_shot() -> None:
    assert list(SERVICES) == ["prepare", *COMPONENTS]


def test_it_has_no_top_level_name_which_version_1_29_refuses() -> None:
    assert set(FILE) == {"x-service", "services", "networks", "volumes"}


@each_service
def test_a_service_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) == RIGHTS.get(name, set())
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert "privileged" not in service


@each_service
def test_a_service_has_limits_and_its_log_is_rotated(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"].rstrip("}").endswith("m")
    assert 0 < service["cpus"] <= 1
    assert 0 < service["pids_limit"] <= 200
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


@each_service
def test_a_service_comes_back_by_itself_unless_it_runs_to_an_end(name: str) -> None:
    assert SERVICES[name]["restart"] == ("no" if name == "prepare" else "unless-stopped")


@each_service
def test_an_image_is_pinned(name: str) -> None:
    image = SERVICES[name]["image"].rpartition(":-")[2].rstrip("}")
    assert image.rpartition(":")[2][0].isdigit() or image.rpartition(":")[2].startswith("v")
    assert "latest" not in image


@each_service
def test_only_nginx_is_published_beyond_loopback(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert name == "nginx" or port.startswith("${SERENO_OPERATOR_BIND:-127.0.0.1}:"), port


@each_component
def test_a_component_waits_for_what_has_to_lie_ready_and_for_the_health_of_what_it_needs(name: str) -> None:
    component = next(each for each in CATALOGUE if each.name == name)
    expected = {"prepare": "service_completed_successfully"} | dict.fromkeys(component.needs, "service_healthy")
    assert {key: value["condition"] for key, value in SERVICES[name]["depends_on"].items()} == expected
    assert all("healthcheck" in SERVICES[need] for need in component.needs), "nothing can wait for these"


@each_component
def test_a_component_has_a_health_check_or_the_file_says_why_not(name: str) -> None:
    component = next(each for each in CATALOGUE if each.name == name)
    assert ("healthcheck" in SERVICES[name]) == has_check(component)
    if not has_check(component):
        before = TEXT[: TEXT.index(f"\n  {name}:\n")].splitlines()[-1]
        assert "No health check" in before


def test_the_database_is_on_the_network_that_has_no_way_out_and_nowhere_else() -> None:
    assert FILE["networks"]["inside"] == {"internal": True}
    assert SERVICES["mysql"]["networks"] == ["inside"]
    assert SERVICES["mysqld-exporter"]["networks"] == ["inside"]


@each_component
def test_what_publishes_a_port_is_on_a_network_that_can(name: str) -> None:
    if SERVICES[name].get("ports"):
        assert "ops" in SERVICES[name]["networks"]


@each_service
def test_no_secret_is_in_the_environment_or_on_a_command_line(name: str) -> None:
    service = SERVICES[name]
    words = [*service.get("command", []), *map(str, service.get("environment", {}).values())]
    assert not [word for word in words if "assword=" in word or "PASSWORD" in word or "admin123" in word]
    mounts = [mount for mount in service.get("volumes", []) if mount.startswith("secrets:")]
    assert all(mount.endswith(":ro") for mount in mounts) or name == "prepare"


@each_service
def test_nobody_but_two_runs_as_root(name: str) -> None:
    # Nginx's first process reads the key and opens the ports, its workers are its image's user; process-exporter is
    # root in its image and reads other users' processes.
    user = str(SERVICES[name].get("user", "image's own"))
    assert (user.startswith("0") or user == "image's own") == (name in ("prepare", "nginx", "process-exporter"))


def test_every_value_of_the_environment_has_a_default() -> None:
    assert "${" in TEXT
    assert [part for part in TEXT.split("${")[1:] if ":-" not in part.partition("}")[0]] == []


def test_each_volume_that_is_mounted_where_no_setting_names_a_folder_is_declared() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    plain = {re.sub(r"\$\{\w+:-(.*?)\}", r"\1", mount).partition(":")[0] for mount in mounts}
    assert {name for name in plain if name.replace("-", "").isalpha()} == set(FILE["volumes"])
    assert "backups" in FILE["volumes"]
