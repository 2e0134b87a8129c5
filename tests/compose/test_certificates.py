"""A certificate from a real ACME authority in Compose: typed by hand, renewed by the worker, taken over by Nginx."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.equipment import acme
from tests.equipment.acme import Pebble
from tests.equipment.compose import CommandLine, Stack, eventually
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError

pytestmark = [
    pytest.mark.compose,
    pytest.mark.skipif(acme.is_missing(), reason="this machine has no Pebble"),
]

GATEWAY = "10.213.41.1"
"""Of the network `ops`, by which containers reach the machine (docker/docker-compose.yml)."""

NAMES = ["shop.example.test", "www.shop.example.test"]


@dataclass
class Server:
    """The stack by hand-typed Compose, and the authority beside it."""

    stack: Stack
    authority: Pebble

    def settle(self, certificate: str) -> None:
        shutil.copy(self.authority.trusted, self.stack.clone / "authority.pem")
        (self.stack.clone / "sereno.toml").write_text(
            f'[site]\ndomain = "{NAMES[0]}"\naliases = {json.dumps(NAMES[1:])}\n[certificate]\n{certificate}\n'
        )

    def certificate(self, word: str, *, check: bool = True) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            self.stack.inside("worker", "python", "-m", "sereno.cli", "certificate", word, "--json", check=check)
        )
        return told

    def trusted_answer(self) -> bool:
        """Whether a client that trusts the authority alone is shown a certificate that it takes."""
        with self.stack.engine.network():
            root = self.authority.root()
            try:
                ssl.get_server_certificate(("127.0.0.1", 8443), ca_certs=str(root), timeout=5)
            except ssl.SSLError:
                return False
        return True


@pytest.fixture(scope="module")
def server(docker: Engine) -> Iterator[Server]:
    try:
        client = clients.compose_v1()
    except EquipmentError:
        client = clients.compose_v2(docker)
    stack = Stack(docker, client)
    authority = Pebble(8080, host=GATEWAY, listen="0.0.0.0", prefix=docker.prefix())
    running = Server(stack, authority)
    try:
        with docker.network():
            authority.start()
            authority.lead_nowhere(NAMES[1])
        running.settle(
            f'kind = "acme"\ndirectory = "{authority.directory}"\ndirectory_ca = "authority.pem"\nkey_type = "ecdsa"'
        )
        stack.up()
        yield running
    finally:
        stack.close()
        authority.close()


def test_until_a_name_leads_here_the_self_signed_one_is_served_and_the_reason_told(server: Server) -> None:
    assert eventually(lambda: server.certificate("show")["failures"] == 1, 90)
    told = server.certificate("show")
    assert (told["held"]["kind"], told["served"], told["attempts"][0]["code"]) == ("self-signed", True, "dns")
    assert server.stack.get("https://127.0.0.1:8443/healthz").status == 200
    assert not server.trusted_answer()


def test_then_it_is_issued_and_nginx_takes_it_over_in_its_own_container(server: Server) -> None:
    before = server.stack.lives()
    with server.stack.engine.network():
        server.authority.lead_back(NAMES[1])
    told = server.certificate("renew")
    assert (told["held"]["kind"], told["held"]["names"], told["served"]) == ("acme", NAMES, True), told["attempts"]
    assert server.trusted_answer()
    assert server.stack.lives() == before, "no container was restarted"
    assert server.stack.containers()["worker"]["RestartCount"] == 0


def test_each_renewal_is_taken_over_while_pages_are_answered(server: Server) -> None:
    first = server.stack.served_certificate()
    assert server.certificate("renew")["served"] is True
    assert server.stack.served_certificate() != first
    assert server.stack.get("https://127.0.0.1:8443/healthz").status == 200


def test_the_key_is_for_the_worker_and_nginx_alone(server: Server) -> None:
    key = "/srv/sereno/tls/served/key.pem"
    modes = server.stack.inside("worker", "stat", "-L", "-c", "%a %u %g", key).split()
    assert modes == ["640", "10001", "0"]
    with pytest.raises(EquipmentError):
        server.stack.inside("webapp", "cat", key)
    with pytest.raises(EquipmentError):
        server.stack.inside("nginx", "cat", key, user="nginx")
    with pytest.raises(EquipmentError):
        server.stack.inside("nginx", "sh", "-c", "echo x >/srv/sereno/tls/served/key.pem")


def test_a_further_up_keeps_what_the_authority_gave(server: Server) -> None:
    before = server.stack.served_certificate()
    server.stack.up()
    assert server.stack.inside("nginx", "readlink", "/srv/sereno/tls/served").startswith("pairs/acme-")
    assert server.stack.served_certificate() == before
    assert server.trusted_answer()


def test_a_refusal_keeps_the_present_one(server: Server) -> None:
    before = server.stack.served_certificate()
    with server.stack.engine.network():
        server.authority.lead_nowhere(NAMES[0])
    try:
        told = server.certificate("renew", check=False)
    finally:
        with server.stack.engine.network():
            server.authority.lead_back(NAMES[0])
    assert (told["attempts"][0]["code"], told["held"]["kind"], told["served"]) == ("dns", "acme", True)
    assert server.stack.served_certificate() == before


def test_a_backup_brings_certificate_and_account_back_where_no_volume_is_left(server: Server, tmp_path: Path) -> None:
    stack = server.stack
    made = json.loads(stack.inside("worker", "python", "-m", "sereno.cli", "backup", "now", "--json"))
    stack.docker("cp", f"{stack.id('worker')}:/var/lib/sereno/backups/{made['name']}", str(tmp_path / made["name"]))
    before, accounts = stack.served_certificate(), account_keys(stack)
    assert len(accounts) == 1
    stack.compose("down", "--volumes")
    line = CommandLine(stack, tmp_path / "home")
    line.must("backup", "restore", str(tmp_path / made["name"]), "--on", "compose", "--yes")
    assert eventually(lambda: stack.served_certificate() == before, 30)
    assert account_keys(stack) == accounts
    assert server.trusted_answer()
    assert server.certificate("renew")["served"] is True
    assert stack.served_certificate() != before
    assert account_keys(stack) == accounts


def account_keys(stack: Stack) -> list[str]:
    """The sums of the keys by which the authority knows this server."""
    listing = "find /srv/sereno/tls/acme -name private_key.json -exec sha256sum {} +"
    return sorted(line.split()[0] for line in stack.inside("worker", "sh", "-c", listing).splitlines())


def test_who_goes_back_has_a_self_signed_one_again(server: Server) -> None:
    server.settle('kind = "self-signed"')
    server.stack.up()
    server.stack.compose("restart", "worker")
    assert eventually(lambda: not server.trusted_answer(), 30)
