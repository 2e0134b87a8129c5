from __future__ import annotations

import configparser
import shlex
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from sereno.core.errors import SerenoError
from sereno.serve.catalogue import CATALOGUE, default_ports
from sereno.serve.native.low_ports import low_ports, require_root
from sereno.serve.native.supervision import supervisord_conf
from sereno.serve.place import Place
from sereno.settings import Settings

PLACE = Place(
    platform="native",
    profile="small",
    settings=Settings(),
    home=PurePosixPath("/var/lib/sereno"),
    hosts=dict.fromkeys(default_ports(), "127.0.0.1"),
    ports=default_ports(),
)


@pytest.mark.parametrize(
    ("http", "https", "first_ordinary", "wanted"),
    [
        (8080, 8443, 1024, []),
        (80, 443, 1024, [80, 443]),
        (80, 8443, 1024, [80]),
        (1024, 1023, 1024, [1023]),
        (80, 443, 443, [80]),
        (80, 443, 0, []),
    ],
)
def test_only_what_lies_below_the_kernels_border_counts(
    http: int, https: int, first_ordinary: int, wanted: list[int]
) -> None:
    ports = {**default_ports(), "nginx-http": http, "nginx": https}
    assert low_ports(CATALOGUE, ports, first_ordinary) == wanted


def test_no_other_component_may_have_one() -> None:
    assert low_ports(CATALOGUE, {**default_ports(), "prometheus": 90}, 1024) == []


def test_without_root_it_is_refused_with_the_ways_out() -> None:
    with pytest.raises(SerenoError, match="only root can open port 80 and 443") as refusal:
        require_root([80, 443], "")
    for way in ("sudo ./sereno up", "ip_unprivileged_port_start=80", "http_port"):
        assert way in refusal.value.next_step
    require_root([80, 443], "sereno")
    require_root([], "")


def commands(**options: bool) -> dict[str, list[str]]:
    """Section → command, as Supervisor reads them."""
    place = replace(PLACE, ports={**default_ports(), "nginx": 443, "nginx-http": 80})
    parser = configparser.RawConfigParser()
    parser.read_string(supervisord_conf(place, CATALOGUE, **options))
    return {name: shlex.split(parser[name]["command"]) for name in parser.sections() if "command" in parser[name]}


def test_nginx_alone_keeps_the_right_that_supervisor_has() -> None:
    for name, command in commands(low_ports=True).items():
        drops = "--ambient-caps=-all" in command and "--inh-caps=-all" in command
        assert drops == (name != "program:nginx"), name


def test_the_right_is_dropped_last_before_the_program_itself() -> None:
    command = commands(low_ports=True)["program:prometheus"]
    at = command.index("/usr/bin/setpriv")
    assert command[at - 1] == "--"
    assert command[at + 3].endswith("prometheus")


def test_on_ordinary_ports_nothing_of_this_happens() -> None:
    assert not [command for command in commands().values() if "/usr/bin/setpriv" in command]
