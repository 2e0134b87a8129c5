"""`docker/.env`: this machine's choices, beside the user's own lines."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from sereno.serve.compose.environment import SMALL, chosen, free_network, merged, network_lines, read, wanted


def test_a_small_machine_gets_mariadb_and_its_limits() -> None:
    lines = wanted(profile="small", lab=False, lab_machine=False, hostname="box")
    assert lines["SERENO_DATABASE_IMAGE"].startswith("mariadb:")
    assert lines["SERENO_DATABASE_MEMORY"] == "192m"


def test_the_standard_profile_is_what_the_file_says_by_itself() -> None:
    assert wanted(profile="standard", lab=False, lab_machine=False, hostname="box") == {
        "SERENO_PROFILE": "standard",
        "SERENO_HOSTNAME": "box",
    }


@pytest.mark.parametrize(("lab_machine", "bind"), [(True, "0.0.0.0"), (False, None)])
def test_only_the_classrooms_machine_opens_the_operators_ports(lab_machine: bool, bind: str | None) -> None:
    lines = wanted(profile="standard", lab=True, lab_machine=lab_machine, hostname="box")
    assert lines.get("SERENO_OPERATOR_BIND") == bind
    assert lines["SERENO_LAB"] == "1"


def test_the_users_lines_stay_and_ours_are_set_or_go() -> None:
    present = "# mine\nTZ=Europe/Madrid\nSERENO_LAB=1\nSERENO_OPS_SUBNET=10.9.9.0/24\nSERENO_PROFILE=small\n"
    text = merged(present, {"SERENO_PROFILE": "standard"})
    assert "TZ=Europe/Madrid\n" in text and "# mine\n" in text and "SERENO_OPS_SUBNET=10.9.9.0/24\n" in text
    assert read(text) == {"SERENO_PROFILE": "standard", "TZ": "Europe/Madrid", "SERENO_OPS_SUBNET": "10.9.9.0/24"}


def test_the_operators_address_goes_with_the_classrooms_machine_and_is_the_users_elsewhere() -> None:
    machine = merged("", wanted(profile="standard", lab=True, lab_machine=True, hostname="box"))
    assert "SERENO_OPERATOR_BIND" not in merged(machine, {})
    assert "SERENO_OPERATOR_BIND=10.8.0.1" in merged("SERENO_OPERATOR_BIND=10.8.0.1\n", {})


def test_merging_again_changes_nothing() -> None:
    once = merged("TZ=UTC\n", {"SERENO_PROFILE": "small"})
    assert merged(once, {"SERENO_PROFILE": "small"}) == once


@pytest.mark.parametrize(
    ("lines", "database", "profile"),
    [
        ({}, "", None),
        ({}, "mysql:8.4.11", "standard"),
        ({}, "mariadb:11.8", "small"),
        (SMALL, "", "small"),
        (SMALL, "mysql:8.4.11", "small"),
        ({"SERENO_DATABASE_IMAGE": "mirror.example.org/mysql:8.4.11"}, "", "standard"),
        ({"SERENO_PROFILE": "small"}, "", "small"),
        ({"SERENO_PROFILE": "standard"}, "mariadb:11.8", "small"),
        ({"SERENO_PROFILE": "tiny"}, "", None),
    ],
)
def test_what_was_chosen_before_is_in_the_file_or_else_in_the_database_that_is_there(
    lines: dict[str, str], database: str, profile: str | None
) -> None:
    assert chosen(lines, database) == (profile, False)


def test_the_classroom_is_chosen_by_its_line() -> None:
    assert chosen({"SERENO_LAB": "1"}, "") == (None, True)
    assert chosen({"SERENO_LAB": ""}, "") == (None, False)


def test_the_network_is_the_first_that_overlaps_nothing() -> None:
    first = free_network([])
    assert first is not None
    assert network_lines(first) == {}
    second = free_network([IPv4Network("10.213.0.0/16")])
    assert second is not None and not second.overlaps(IPv4Network("10.213.0.0/16"))
    assert network_lines(second) == {
        "SERENO_OPS_SUBNET": str(second),
        "SERENO_OPS_GATEWAY": str(second.network_address + 1),
    }


def test_there_may_be_no_free_network() -> None:
    assert free_network([IPv4Network("10.0.0.0/8"), IPv4Network("192.168.0.0/16")]) is None
