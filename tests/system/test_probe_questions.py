"""What blackbox-exporter makes of our modules and targets, asked of real servers on loopback."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.equipment.monitoring import answers, free_port, wait_until

from sereno.core.text import Text
from sereno.outside.blackbox import BlackboxExporter
from sereno.watch.probes.model import Kind, Probe, Source
from sereno.watch.probes.modules import module_name, modules, render_modules
from sereno.watch.probes.stored import Stored, handed_out
from sereno.watch.probes.targets import asked_at

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus-blackbox-exporter") is None, reason="prometheus-blackbox-exporter is missing"
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PROBE = Probe("asked", Kind.HTTP, "", Source.STORED, Text("", ""), follow=False)


class Site(http.server.BaseHTTPRequestHandler):
    """Answers by its path, and tells which host was asked for."""

    def do_GET(self) -> None:
        status = {"/gone": 410, "/away": 302}.get(self.path, 200)
        body = f"asked for {self.headers['Host']}: 1 + 1 = 2? ñ".encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Names(socketserver.BaseRequestHandler):
    """A name server that knows one name, of which it has one address, and one without any."""

    def handle(self) -> None:
        question, answer = self.request
        name = question[12 : question.index(b"\0", 12) + 1]
        known = name == b"\x04shop\x07example\0"
        empty = name == b"\x05empty\x07example\0"
        flags = 0x8180 if known or empty else 0x8183
        reply = question[:2] + struct.pack(">HHHHH", flags, 1, int(known), 0, 0) + question[12 : 12 + len(name) + 4]
        if known:
            reply += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes((192, 0, 2, 7))
        answer.sendto(reply, self.client_address)


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])  # type: ignore[index]
    finally:
        server.shutdown()
        server.server_close()


def tls(folder: Path, *, names: list[str], ends: datetime) -> ssl.SSLContext:
    """A server's side with a certificate of its own that was good until `ends`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=30))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "pair.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class Blackbox:
    """One exporter with the modules of the probes that it was last told of."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "blackbox.yml"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.file.write_text(render_modules(modules([])))
        self.process = subprocess.Popen(
            [
                "prometheus-blackbox-exporter",
                f"--config.file={self.file}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until("blackbox-exporter answers", lambda: answers(f"{self.url}/-/healthy"))

    def ask(self, probe: Probe) -> dict[str, float]:
        """Every metric without labels that the probe has."""
        self.file.write_text(render_modules(modules([probe])))
        BlackboxExporter(self.url).reload()
        fields = {"module": module_name(probe), "target": asked_at(probe)}
        fields |= {"hostname": probe.hostname} if probe.hostname else {}
        with urllib.request.urlopen(f"{self.url}/probe?{urllib.parse.urlencode(fields)}", timeout=20) as response:
            lines = [line.rsplit(" ", 1) for line in response.read().decode().splitlines() if line[0] != "#"]
        return {name: float(value) for name, value in lines if "{" not in name}

    def is_good(self, probe: Probe) -> bool:
        return self.ask(probe)["probe_success"] == 1


@pytest.fixture(scope="module")
def blackbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blackbox]:
    running = Blackbox(tmp_path_factory.mktemp("blackbox"))
    yield running
    running.process.terminate()
    running.process.wait(10)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)) as port:
        yield f"http://127.0.0.1:{port}"


def stored(probe: Probe, address: str) -> Stored:
    return Stored(1, probe, address, None, NOW, NOW, "somebody", NOW)


def test_a_good_status_is_the_expected_one(blackbox: Blackbox, site: str) -> None:
    assert blackbox.is_good(replace(PROBE, target=f"{site}/"))
    assert not blackbox.is_good(replace(PROBE, target=f"{site}/gone"))
    assert blackbox.is_good(replace(PROBE, target=f"{site}/gone", status=(410, 404)))
    assert not blackbox.is_good(replace(PROBE, target=f"{site}/", status=(410,)))


def test_a_redirect_is_followed_only_for_who_may_go_anywhere(blackbox: Blackbox, site: str) -> None:
    away = replace(PROBE, target=f"{site}/away")
    assert blackbox.ask(away)["probe_http_status_code"] == 302
    assert not blackbox.is_good(away)
    assert blackbox.is_good(replace(away, follow=True))
    assert blackbox.is_good(replace(away, follow=True, status=(302,)))


@pytest.mark.parametrize(
    ("words", "good"), [("1 + 1 = 2?", True), ("ñ", True), ("1+1", False), ("1 . 1", False), ("2? n", False)]
)
def test_words_are_looked_for_as_written(blackbox: Blackbox, site: str, words: str, good: bool) -> None:
    assert blackbox.is_good(replace(PROBE, target=f"{site}/", contains=words)) is good


def test_a_name_is_asked_for_at_the_address_that_was_judged(blackbox: Blackbox, site: str) -> None:
    port = site.rpartition(":")[2]
    probe = replace(PROBE, target=f"http://shop.example:{port}/", contains="asked for shop.example")
    pinned = handed_out(stored(probe, "127.0.0.1"))
    assert pinned is not None
    assert blackbox.is_good(pinned)
    lost = handed_out(stored(probe, ""))
    assert lost is not None
    assert not blackbox.is_good(lost)


@pytest.mark.parametrize(
    ("days", "name", "verify", "good"),
    [(20, "shop.example", False, True), (-1, "shop.example", False, True), (20, "shop.example", True, False)],
)
def test_a_certificate_is_judged_unless_told_otherwise_and_its_end_is_told(
    blackbox: Blackbox, tmp_path: Path, days: int, name: str, verify: bool, good: bool
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.socket = tls(tmp_path, names=[name], ends=ends).wrap_socket(server.socket, server_side=True)
    with serving(server) as port:
        probe = replace(PROBE, target=f"https://{name}:{port}/", verify=verify)
        pinned = handed_out(stored(probe, "127.0.0.1"))
        assert pinned is not None
        seen = blackbox.ask(pinned)
    assert bool(seen["probe_success"]) is good
    if good:
        assert seen["probe_ssl_earliest_cert_expiry"] == ends.timestamp()


def test_the_server_is_told_which_of_its_names_is_wanted(blackbox: Blackbox, tmp_path: Path) -> None:
    asked: list[str | None] = []
    context = tls(tmp_path, names=["shop.example"], ends=datetime.now(UTC) + timedelta(days=20))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server) as port:
        pinned = handed_out(stored(replace(PROBE, target=f"https://shop.example:{port}/", verify=False), "127.0.0.1"))
        assert pinned is not None
        assert blackbox.is_good(pinned)
    assert set(asked) == {"shop.example"}


def test_a_port_is_open_or_not(blackbox: Blackbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        probe = replace(PROBE, kind=Kind.TCP, target=f"127.0.0.1:{listening.getsockname()[1]}")
        assert blackbox.is_good(probe)
    assert not blackbox.is_good(probe)


@pytest.mark.parametrize(("name", "good"), [("shop.example", True), ("empty.example", False), ("no.example", False)])
def test_a_name_server_knows_the_name_and_its_address(blackbox: Blackbox, name: str, good: bool) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(serving(socketserver.ThreadingUDPServer(("127.0.0.1", 0), Names)))
        assert blackbox.is_good(replace(PROBE, kind=Kind.DNS, target=f"{name}@127.0.0.1:{port}")) is good


PING = """
ip link set lo up
echo "$1" > /proc/sys/net/ipv4/ping_group_range
setpriv --reuid=65534 --regid=65534 --clear-groups prometheus-blackbox-exporter --config.file="$2" \
    --web.listen-address=127.0.0.1:9115 2>/dev/null &
exec "$3" - <<'PYTHON'
import time, urllib.request
from sereno.outside.lookup import may_ping
for attempt in range(100):
    try:
        answer = urllib.request.urlopen("http://127.0.0.1:9115/probe?module=icmp&target=127.0.0.1", timeout=15)
        break
    except OSError:
        time.sleep(0.1)
print(may_ping([65534]), [line for line in answer.read().decode().splitlines() if line.startswith("probe_success ")])
PYTHON
"""
"""In a network of its own, since whom the system lets ping is a matter of the whole network."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes networks")
@pytest.mark.parametrize(("groups", "may"), [("0 2147483647", True), ("1 0", False)])
def test_a_ping_is_answered_where_this_user_may_send_one(blackbox: Blackbox, groups: str, may: bool) -> None:
    # Where anyone may read it: pytest's own folder is closed to others.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "blackbox.yml")
        file.write_text(render_modules(modules([])))
        done = subprocess.run(
            [
                "unshare",
                "--net",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                PING,
                "sh",
                groups,
                file,
                sys.executable,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout.strip() == f"{may} ['probe_success {int(may)}']", done.stderr
