"""Certificates from a real ACME authority (Pebble), through the real Nginx, by the real Certbot."""

from __future__ import annotations

import hashlib
import http.client
import os
import pwd
import shutil
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.equipment import acme
from tests.equipment.acme import Pebble
from tests.equipment.desk import surroundings
from tests.equipment.monitoring import free_port, wait_until
from tests.equipment.nginx import ORDINARY_USER, Nginx, is_missing

from sereno.keep.certificates.model import Report
from sereno.keep.certificates.service import Certificates
from sereno.outside.certificate import check_pair
from sereno.outside.tls_folder import AUTHORITY, TlsFolder
from sereno.settings import Settings
from sereno.settings.certificate import CertificateSection
from sereno.settings.model import Site
from sereno.wiring.certificates import open_certificates
from sereno.wiring.tls import TlsPlaces

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(is_missing(), reason="this machine has no Nginx"),
    pytest.mark.skipif(acme.is_missing(), reason="this machine has no Pebble"),
    pytest.mark.skipif(
        not Path(sys.executable).with_name("certbot").exists(), reason="Certbot is not in this environment"
    ),
]

NAMES = ("shop.example.test", "www.shop.example.test")


@pytest.fixture(scope="module")
def authority() -> Iterator[Pebble]:
    running = Pebble(free_port())
    try:
        yield running.start()
    finally:
        running.close()


@dataclass
class Server:
    """Nginx with its own self-signed pair, and what keeps its certificate."""

    authority: Pebble
    nginx: Nginx
    folder: Path
    names: tuple[str, ...] = NAMES
    key_type: str = "ecdsa"
    more: dict[str, str] = field(default_factory=dict)

    def keeper(self) -> Certificates:
        settings = Settings(
            site=Site(domain=self.names[0], aliases=self.names[1:]),
            certificate=CertificateSection.model_validate(
                {"kind": "acme", "directory": self.authority.directory, "key_type": self.key_type, **self.more}
            ),
        )
        around = surroundings(self.folder, settings=settings)
        places = TlsPlaces(
            folder=self.nginx.folder / "tls",
            nginx=f"127.0.0.1:{self.nginx.ports['nginx']}",
            pid_file=self.nginx.folder / "run/nginx.pid",
        )
        (places.folder / AUTHORITY).write_bytes(self.authority.trusted.read_bytes())
        return open_certificates(replace(around, www=self.nginx.folder / "www"), places)

    def renew(self, *, by_hand: bool = False) -> Report:
        return self.keeper().renew(by_hand=by_hand)

    def tls(self) -> TlsFolder:
        return TlsFolder(self.nginx.folder / "tls")

    def connect(self, context: ssl.SSLContext, name: str = NAMES[0]) -> bytes:
        """One new TLS connection with a request and its whole answer; the certificate that was shown."""
        with (
            socket.create_connection(("127.0.0.1", self.nginx.ports["nginx"]), 5) as raw,
            context.wrap_socket(raw, server_hostname=name) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
            secured.sendall(f"GET /_alive HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while part := secured.recv(4096):
                answer += part
        assert answer.startswith(b"HTTP/1.1 200"), answer[:100]
        assert shown is not None
        return shown


@pytest.fixture
def server(authority: Pebble, tmp_path: Path) -> Iterator[Server]:
    nginx = Nginx(
        settings=Settings(site=Site(domain=NAMES[0], aliases=NAMES[1:])), ports={"nginx-http": authority.http_port}
    )
    tls = nginx.folder / "tls"
    # As in Compose: who renews is not who serves, and Nginx reads by its group.
    pair = [(tls / "served" / name).read_bytes() for name in ("cert.pem", "key.pem")]
    shutil.rmtree(tls / "served")
    if os.geteuid() == 0:
        os.chown(tls, 0, pwd.getpwnam(ORDINARY_USER).pw_gid)
    tls.chmod(0o2750)
    TlsFolder(tls).install("self-signed", *pair)
    (nginx.folder / "www/acme").mkdir()
    try:
        nginx.start()
        yield Server(authority, nginx, tmp_path)
    finally:
        nginx.close()


def anyone() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_a_certificate_is_issued_trusted_and_shown_without_a_stop(server: Server) -> None:
    workers = server.nginx.process
    report = server.renew()
    assert report.last_attempt is not None
    assert report.last_attempt.succeeded, report.last_attempt.detail
    trusting = ssl.create_default_context(cafile=str(server.authority.root()))
    for name in NAMES:
        server.connect(trusting, name)
    check_pair(server.tls().certificate, server.tls().key, names=NAMES)
    assert report.held is not None
    assert set(report.held.names) == set(NAMES)
    assert report.why == "lifetime"
    assert server.nginx.process is workers
    assert workers is not None
    assert workers.poll() is None


def test_it_is_renewed_when_two_thirds_of_its_life_are_over_and_not_before(server: Server) -> None:
    first = server.renew().held
    assert first is not None
    share = first.lifetime * 2 / 3
    early = replace(server.keeper(), clock=lambda: first.not_before + share * 0.96).renew()
    assert early.held == first
    late = replace(server.keeper(), clock=lambda: first.not_before + share).renew()
    assert late.held is not None
    assert late.held.fingerprint != first.fingerprint
    assert late.last_attempt is not None
    assert (late.last_attempt.why, late.last_attempt.succeeded) == ("lifetime", True)
    assert hashlib.sha256(server.connect(anyone())).hexdigest() == late.held.fingerprint


def test_plain_http_shows_challenges_and_redirects_everything_else(server: Server) -> None:
    folder = server.nginx.folder / "www/acme/.well-known/acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text("token.thumbprint")
    server.nginx.folder.joinpath("www/acme").chmod(0o755)

    def ask(path: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.authority.http_port, timeout=5)
        connection.request("GET", path, headers={"Host": NAMES[0]})
        answer = connection.getresponse()
        told = answer.status, answer.headers.get("Location", ""), answer.read()
        connection.close()
        return told

    assert ask("/.well-known/acme-challenge/token") == (200, "", b"token.thumbprint")
    assert ask("/.well-known/acme-challenge/other")[0] == 404
    assert ask("/.well-known/acme-challenge/../../status/en.html")[0] == 301
    status, location, _ = ask("/.well-known/security.txt")
    assert (status, location.startswith(f"https://{NAMES[0]}")) == (301, True)


def test_no_connection_fails_while_it_is_renewed_under_load(server: Server) -> None:
    server.renew()
    stop, shown, failed = threading.Event(), set(), []
    count = [0, 0, 0]

    def load(number: int) -> None:
        context = anyone()
        while not stop.is_set():
            try:
                shown.add(server.connect(context))
                count[number] += 1
            except Exception as error:
                failed.append(error)
            time.sleep(0.002)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(len(count))]
    for thread in threads:
        thread.start()
    try:
        wait_until("connections are made", lambda: sum(count) > 50)
        report = server.renew(by_hand=True)
        after = sum(count)
        wait_until("connections go on", lambda: sum(count) > after + 50)
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert failed == []
    assert report.last_attempt is not None
    assert report.last_attempt.succeeded
    assert len(shown) == 2, "the old one and the new one"


def test_a_failed_validation_keeps_the_old_one_and_says_why(server: Server) -> None:
    before = server.connect(anyone())
    server.authority.lead_nowhere(NAMES[1])
    try:
        report = server.renew()
    finally:
        server.authority.lead_back(NAMES[1])
    assert report.last_attempt is not None
    assert (report.last_attempt.succeeded, report.last_attempt.code) == (False, "dns"), report.last_attempt
    assert NAMES[1] in report.last_attempt.detail
    assert (report.failures, report.why) == (1, "retry")
    assert server.connect(anyone()) == before
    assert server.renew().failures == 1, "not again at once"
    assert server.renew(by_hand=True).failures == 0
    assert server.connect(anyone()) != before


def test_an_authority_that_is_not_there_is_told_as_such(server: Server) -> None:
    server.more = {"directory": f"https://127.0.0.1:{free_port()}/dir"}
    report = server.renew()
    assert report.last_attempt is not None
    assert report.last_attempt.code == "unreachable", report.last_attempt.detail


def test_a_name_that_is_added_is_certified_with_the_others(server: Server) -> None:
    server.renew()
    server.names = (*NAMES, "new.shop.example.test")
    report = server.renew()
    assert report.last_attempt is not None
    assert (report.last_attempt.why, report.last_attempt.succeeded) == ("names", True), report.last_attempt
    assert report.held is not None
    assert set(report.held.names) == set(server.names)


def test_a_folder_that_was_moved_renews_with_the_same_account(server: Server) -> None:
    """As after a restore on another machine, where the home has another path."""
    server.renew()
    tls = server.nginx.folder / "tls"
    accounts = {path.name for path in (tls / "acme/config/accounts").rglob("*")}
    other = tls.with_name("moved")
    tls.rename(other)
    shutil.copytree(other, tls, symlinks=True)
    if os.geteuid() == 0:
        for path in (tls, *tls.rglob("*")):
            os.chown(path, 0, pwd.getpwnam(ORDINARY_USER).pw_gid, follow_symlinks=False)
        tls.chmod(0o2750)
    shutil.rmtree(other)
    report = server.renew(by_hand=True)
    assert report.last_attempt is not None
    assert report.last_attempt.succeeded, report.last_attempt
    assert {path.name for path in (tls / "acme/config/accounts").rglob("*")} == accounts
    assert not list(tls.rglob("privkey*")), "keys lie in pairs/ alone"


def test_an_rsa_key_is_given_to_who_asks_for_one(server: Server) -> None:
    server.key_type = "rsa"
    server.renew()
    key = load_pem_private_key(server.tls().key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048


def test_what_nginx_refuses_is_told_and_the_old_one_goes_on(server: Server) -> None:
    before = server.connect(anyone())
    whole = server.nginx.configuration.read_text()
    server.nginx.configuration.write_text(whole.replace("http {", "http {\n    nonsense on;", 1))
    keeper = server.keeper()
    object.__setattr__(keeper, "sleep", lambda seconds: time.sleep(0.01))
    report = keeper.renew()
    assert report.last_attempt is not None
    assert (report.last_attempt.succeeded, report.last_attempt.code) == (False, "not-served")
    assert server.connect(anyone()) == before
    server.nginx.configuration.write_text(whole)
    keeper.server.reload()
    served = server.tls().served()
    assert served is not None
    wait_until("it is shown", lambda: keeper.server.fingerprint() == served[1].fingerprint)
