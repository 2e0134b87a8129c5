"""Let's Encrypt's way with the whole system natively: `up`, the worker, the commands, the metrics, the page."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from tests.equipment import acme
from tests.equipment.acme import Pebble
from tests.equipment.compose import copy_tracked
from tests.equipment.documents import blocks, commands
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(acme.is_missing(), reason="this machine has no Pebble"),
    pytest.mark.skipif(os.geteuid() != 0, reason="as root, as on a server: what renews is another user"),
]

DOCUMENT = "a-real-domain.md"
NAMES = ["status.example.org", "www.status.example.org"]
"""Those of the document; here every name leads to this machine."""


class Server(NativeStack):
    """A clone of its own, so that it has a sereno.toml of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self.folder / "clone"
        self.root.mkdir()
        copy_tracked(self.root)
        self.authority = Pebble(self.ports["nginx-http"])
        for name in ("SERENO_SITE__HTTPS_PORT", "SERENO_SITE__HTTP_PORT", "SERENO_DATABASE__PORT"):
            del self.environment[name]

    def follow(self, document: str) -> None:
        """Write the settings as the document shows them, with this test's ports and authority."""
        text = blocks(document, "toml")[0]
        assert text.count("http_port = 80\n") == text.count("https_port = 443\n") == 1
        text = text.replace("http_port = 80\n", f"http_port = {self.ports['nginx-http']}\n")
        text = text.replace("https_port = 443\n", f"https_port = {self.ports['nginx']}\n")
        text += f'directory = "{self.authority.directory}"\ndirectory_ca = "{self.authority.trusted}"\n'
        (self.root / "sereno.toml").write_text(f"{text}[database]\nport = {self.ports['mysql']}\n")

    def certificate(self, *words: str) -> dict[str, Any]:
        done = self.sereno("certificate", *words, "--json")
        assert done.out, done.err
        told: dict[str, Any] = json.loads(done.out)
        return told

    def shown(self) -> str:
        pem = ssl.get_server_certificate(("localhost", self.ports["nginx"]), timeout=5)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def measured(self, name: str) -> float | None:
        found = self.prometheus("query", query=f"sereno_certificate_{name}")["result"]
        return float(found[0]["value"][1]) if found else None

    def close(self) -> None:
        super().close()
        self.authority.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    try:
        running.authority.start()
        running.authority.lead_nowhere(NAMES[1])
        running.follow(DOCUMENT)
        running.up()
        yield running
    finally:
        running.close()


def findings(server: Server) -> dict[str, dict[str, str]]:
    return {each["subject"]: each for each in json.loads(server.sereno("doctor", "--json").out)}


def test_a_failed_issue_keeps_the_self_signed_one_serving_and_says_why(server: Server) -> None:
    told = wait_until("the first try has failed", lambda: (t := server.certificate("show"))["failures"] and t, 90)
    assert (told["held"]["kind"], told["served"]) == ("self-signed", True)
    assert (told["attempts"][0]["code"], told["why"]) == ("dns", "retry")
    assert server.get("/healthz").status == 200
    status = server.sereno("status")
    assert status.code == 0
    assert f"the certificate is not renewed: {NAMES[1]}" in status.err
    renewal = findings(server)["renewal"]
    assert renewal["verdict"] == "wrong"
    assert "A record" in renewal["fix"]


def test_once_the_name_leads_here_it_is_issued_and_shown(server: Server) -> None:
    server.authority.lead_back(NAMES[1])
    done = server.sereno("certificate", "renew")
    assert done.code == 0, done.out + done.err
    assert "served      yes" in done.out
    told = server.certificate("show")
    assert (told["held"]["kind"], told["held"]["names"], told["failures"]) == ("acme", NAMES, 0)
    assert told["held"]["fingerprint"] == server.shown()
    assert ssl.get_server_certificate(("localhost", server.ports["nginx"]), ca_certs=str(server.authority.root()))
    assert "certificate" in findings(server)
    assert findings(server)["certificate"]["verdict"] == "fine"
    assert findings(server)["renewal"]["verdict"] == "fine"


def test_what_the_document_says_to_type_works(server: Server) -> None:
    typed = commands(DOCUMENT)
    assert typed == [["up"], ["certificate", "show"], ["doctor"]]
    assert typed == commands("a-real-domain.es.md")
    for words in typed:
        done = server.sereno(*words)
        assert done.code == 0 or words == ["doctor"], done.out + done.err
    assert "served      yes" in server.must("certificate", "show").out


def test_what_root_renews_belongs_to_the_user_that_everything_runs_as(server: Server) -> None:
    owner = (server.home / "tls").stat().st_uid
    assert owner != 0
    assert {path.lstat().st_uid for path in (server.home / "tls").rglob("*")} == {owner}
    assert (server.home / "tls/served/key.pem").stat().st_mode & 0o077 == 0


def test_the_proof_is_measured(server: Server) -> None:
    def kinds() -> list[str]:
        return [
            each["metric"]["kind"] for each in server.prometheus("query", query="sereno_certificate_info")["result"]
        ]

    # What was scraped last may be from before the renewal.
    wait_until("the new one is measured", lambda: kinds() == ["acme"], 60)
    assert server.measured("served") == 1
    assert server.measured("renewal_failures") == 0
    planned = server.measured("renewal_planned_timestamp_seconds")
    ends = server.measured("not_after_timestamp_seconds")
    assert planned is not None
    assert ends is not None
    assert 0 < planned < ends


def test_another_certificate_on_the_disk_is_taken_over_without_anyones_help(server: Server) -> None:
    """As when someone put back an older pair: the worker sees that it is not shown, and has Nginx reload."""
    link, before = server.home / "tls/served", server.shown()
    other = next(each for each in (server.home / "tls/pairs").iterdir() if each.name != link.readlink().name)
    present = link.readlink()
    link.unlink()
    link.symlink_to(f"pairs/{other.name}")
    wait_until("the other one is shown", lambda: server.shown() != before, 60)
    link.unlink()
    link.symlink_to(present)
    wait_until("the first one is shown again", lambda: server.shown() == before, 60)


def test_a_second_up_changes_nothing_that_is_served(server: Server) -> None:
    before, pid = server.shown(), server.pid("nginx")
    server.up()
    assert (server.shown(), server.pid("nginx")) == (before, pid)


def test_a_name_that_is_added_is_certified_by_the_next_up(server: Server) -> None:
    text = (server.root / "sereno.toml").read_text()
    (server.root / "sereno.toml").write_text(text.replace("aliases = [", 'aliases = ["new.example.org", '))
    server.up()
    names = {*NAMES, "new.example.org"}
    wait_until("it has the new name", lambda: set(server.certificate("show")["held"]["names"]) == names, 90)
    assert server.certificate("show")["served"] is True


def test_who_goes_back_has_the_self_signed_one_again(server: Server) -> None:
    text = (server.root / "sereno.toml").read_text()
    (server.root / "sereno.toml").write_text(text.replace('kind = "acme"', 'kind = "self-signed"'))
    server.up()
    wait_until("the report follows", lambda: server.certificate("show")["kind"] == "self-signed", 90)
    told = server.certificate("show")
    assert (told["held"]["kind"], told["served"]) == ("self-signed", True)
