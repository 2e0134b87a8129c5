"""Ports 80 and 443, natively: Nginx opens such ones without being root, and nothing else could."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.equipment.monitoring import free_port
from tests.equipment.stack import NativeStack

from sereno.outside.processes import Processes

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand out these ports"),
    pytest.mark.skipif(Processes().first_ordinary_port() < 1024, reason="here everyone may open every port"),
]

LOW = range(600, 1000)


def free_low_port(*, but: int = 0) -> int:
    """A port that the system keeps for root, and that nobody has."""
    for port in LOW:
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        if port != but:
            return port
    raise AssertionError("no low port is free")


@pytest.fixture(scope="module")
def stack() -> Iterator[NativeStack]:
    running = NativeStack()
    running.ports["nginx"] = free_low_port()
    running.ports["nginx-http"] = free_low_port(but=running.ports["nginx"])
    running.environment |= {
        "SERENO_SITE__HTTPS_PORT": str(running.ports["nginx"]),
        "SERENO_SITE__HTTP_PORT": str(running.ports["nginx-http"]),
    }
    try:
        running.up()
        yield running
    finally:
        running.close()


def rights(process: psutil.Process) -> set[str]:
    """Every set of capabilities that a process has or can hand on."""
    said = Path(f"/proc/{process.pid}/status").read_text()
    wanted = ("CapInh:", "CapPrm:", "CapEff:", "CapAmb:")
    return {line.split()[1].lstrip("0") for line in said.splitlines() if line.startswith(wanted)}


def test_nginx_serves_there_and_has_this_right_alone(stack: NativeStack) -> None:
    assert stack.get("/healthz").status == 200
    redirect = stack.ask("GET", f"http://localhost:{stack.ports['nginx-http']}/alerts")
    assert redirect.headers["Location"] == f"{stack.url}/alerts"
    nginx = psutil.Process(stack.pid("nginx"))
    for process in (nginx, *nginx.children()):
        assert process.uids().effective != 0
        assert rights(process) == {"400"}, "CAP_NET_BIND_SERVICE is the tenth"


def test_no_other_component_has_it(stack: NativeStack) -> None:
    supervisor = psutil.Process(int((stack.home / "run/supervisord.pid").read_text()))
    nginx = stack.pid("nginx")
    others = [each for each in supervisor.children() if each.pid != nginx]
    assert len(others) > 9
    for process in others:
        assert rights(process) == {""}, process.cmdline()


def test_up_again_changes_nothing(stack: NativeStack) -> None:
    before = {name: stack.pid(name) for name in ("nginx", "webapp", "prometheus")}
    stack.up()
    assert {name: stack.pid(name) for name in before} == before


def test_new_settings_are_taken_over_there_as_well(stack: NativeStack) -> None:
    before = stack.pid("nginx")
    stack.must("up", SERENO_SITE__DOMAIN="shop.example.org")
    assert stack.pid("nginx") == before
    assert stack.get("/healthz").status == 200


def test_on_ordinary_ports_again_the_right_is_gone(stack: NativeStack) -> None:
    https, http = free_port(), free_port()
    done = stack.must("up", SERENO_SITE__HTTPS_PORT=str(https), SERENO_SITE__HTTP_PORT=str(http))
    assert "starting the supervisor anew" in done.err
    assert stack.ask("GET", f"https://localhost:{https}/healthz").status == 200
    assert rights(psutil.Process(int((stack.home / "run/supervisord.pid").read_text()))) == {""}
