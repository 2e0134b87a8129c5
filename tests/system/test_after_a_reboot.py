"""A real systemd: what `up` leaves with it, a killed Supervisor, a reboot, and an upgrade that is taken back."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.equipment.booted import BootedDebian
from tests.equipment.stack import ROOT
from tests.system.test_fresh_machine import free_ports

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a machine of its own needs root"),
    pytest.mark.skipif(shutil.which("systemd-nspawn") is None, reason="systemd-nspawn is not installed"),
]

UP_SECONDS = 300


class Server:
    """The booted machine with Sereno on it, as root's."""

    def __init__(self, machine: BootedDebian) -> None:
        self.machine = machine
        self.ports = free_ports()

    def sereno(self, words: str, *, check: bool = True) -> str:
        return self.machine.type(f"./sereno {words}", self.ports, seconds=UP_SECONDS, check=check).stdout

    def status(self) -> dict[str, dict[str, Any]]:
        """Component → its row; without those that are not installed."""
        done = self.machine.type("./sereno status --json", {}, check=False)
        rows = json.loads(done.stdout) if done.stdout.startswith("[") else []
        return {row["name"]: row for row in rows if row["health"] != "absent"}

    def is_healthy(self) -> bool:
        rows = self.status()
        return len(rows) > 11 and all(row["health"] == "healthy" for row in rows.values())

    def unit(self, question: str) -> str:
        return self.machine.type(f"systemctl {question} sereno.service", {}, check=False).stdout.strip()


def eventually(question: Callable[[], bool], seconds: float = 180) -> bool:
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="sereno-booted-"))
    machine = BootedDebian(folder)
    try:
        machine.clone(ROOT)
        machine.boot()
        server = Server(machine)
        server.sereno("up --on native")
        yield server
    finally:
        machine.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_up_leaves_one_unit_that_is_enabled_and_runs(server: Server) -> None:
    assert server.unit("is-enabled") == "enabled"
    assert eventually(lambda: server.unit("is-active") == "active")
    assert server.is_healthy()
    # What Supervisor started belongs to the unit, so that nothing of it outlives the unit.
    inside = server.machine.type("cat /proc/$(cat /var/lib/sereno/run/nginx.pid)/cgroup", {}).stdout
    assert "sereno.service" in inside


def test_up_again_restarts_nothing(server: Server) -> None:
    before = {name: row["since"] for name, row in server.status().items()}
    server.sereno("up")
    assert {name: row["since"] for name, row in server.status().items()} == before


def test_a_killed_supervisor_comes_back_with_everything(server: Server) -> None:
    before = server.status()["mysql"]["since"]
    server.machine.type("kill -9 $(cat /var/lib/sereno/run/supervisord.pid)", {})
    assert eventually(lambda: server.is_healthy() and server.status()["mysql"]["since"] != before), server.status()


def test_after_a_reboot_everything_is_back_in_order_of_need(server: Server) -> None:
    server.machine.reboot()
    began = time.monotonic()
    assert eventually(server.is_healthy), server.machine.type("cat /var/lib/sereno/log/supervisor-start.log", {}).stdout
    print(f"\nhealthy {time.monotonic() - began:.0f} s after the reboot")
    since = {name: row["since"] for name, row in server.status().items()}
    assert since["mysql"] <= since["webapp"] <= since["nginx"]
    # Ports of the environment of the first `up` hold without anyone typing them again.
    https = server.ports["SERENO_SITE__HTTPS_PORT"]
    assert server.machine.type(f"python3 -c 'import ssl, urllib.request as u; print(u.urlopen("
                               f"\"https://127.0.0.1:{https}/\", context=ssl._create_unverified_context()).status)'",
                               {}).stdout.strip() == "200"  # fmt: skip


def test_down_stops_it_and_it_does_not_come_back_by_itself(server: Server) -> None:
    server.sereno("down")
    assert eventually(lambda: server.unit("is-active") == "inactive", 60)
    assert server.unit("is-enabled") == "disabled"
    server.sereno("up")
    assert server.unit("is-enabled") == "enabled"
    assert server.is_healthy()


def test_erased_nothing_of_it_is_left_with_systemd(server: Server) -> None:
    server.sereno("down --erase --yes")
    assert server.unit("is-enabled") in ("", "not-found")
    assert not (server.machine.root / "etc/systemd/system/sereno.service").exists()
    assert not (server.machine.root / "var/lib/sereno/boot.env").exists()
