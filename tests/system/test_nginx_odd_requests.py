"""What no browser sends: Nginx answers it in words, with every header, and logs it as JSON all the same."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.nginx import Echo, Nginx, is_missing

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    desk = Echo()
    server = Nginx(ports={"webapp": desk.port}).start()
    for language, words in (("en", "in English"), ("es", "en español")):
        server.write(f"errors/unclear.{language}.html", f"<h1>{words}")
    yield server
    server.close()
    desk.close()


def send(nginx: Nginx, raw: bytes) -> str:
    """What comes back for these bytes, up to the end of the connection."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", nginx.ports["nginx"]), 10) as plain,
        context.wrap_socket(plain) as secure,
    ):
        secure.sendall(raw)
        received = b""
        while piece := secure.recv(4096):
            received += piece
    return received.decode("latin-1")


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET / HTTP/1.1", "Host: a\r\nHost: b\r\n", 400),
        ("GET / HTTP/1.1", "", 400),
        ("GET / HTTP/1.1", f"Host: a\r\nCookie: {'c' * 9000}\r\n", 400),
        ("TRACE / HTTP/1.1", "Host: a\r\n", 405),
        (f"GET /{'a' * 9000} HTTP/1.1", "Host: a\r\n", 414),
    ],
    ids=["two hosts", "no host", "a cookie too large", "trace", "an address too long"],
)
def test_what_is_not_understood_is_told_in_words(nginx: Nginx, line: str, headers: str, status: int) -> None:
    answer = send(nginx, f"{line}\r\n{headers}Connection: close\r\n\r\n".encode())
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert body == "<h1>in English"
    for header in ("X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Content-Security-Policy: default-src"):
        assert header in head


def test_in_the_readers_language_where_it_is_known(nginx: Nginx) -> None:
    answer = send(nginx, b"TRACE / HTTP/1.1\r\nHost: a\r\nAccept-Language: es\r\nConnection: close\r\n\r\n")
    assert answer.encode("latin-1").endswith("<h1>en español".encode())


def test_plain_http_that_is_not_understood_is_no_page_of_a_server_with_a_version(nginx: Nginx) -> None:
    with socket.create_connection(("127.0.0.1", nginx.ports["nginx-http"]), 10) as plain:
        plain.sendall(b"nonsense\r\n\r\n")
        received = b""
        while piece := plain.recv(4096):
            received += piece
    assert b"nginx/" not in received


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\nUser-Agent: one\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\xe9\r\nUser-Agent: one\r\n",
        b'GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: \xc3\x28 \x01 \\ "\r\n',
        b"GET / HTTP/1.1\r\n",
        b"TRACE / HTTP/1.1\r\nHost: a\r\n",
    ],
    ids=["path", "host", "user agent", "no host", "trace"],
)
def test_whatever_comes_the_log_is_json(nginx: Nginx, raw: bytes) -> None:
    log = nginx.folder / "log/access.log"
    before = log.stat().st_size
    send(nginx, raw + b"Connection: close\r\n\r\n")
    wait_until("the line is written", lambda: log.stat().st_size > before and log.read_bytes().endswith(b"\n"))
    for line in log.read_bytes()[before:].decode("utf-8").splitlines():
        said = json.loads(line)
        assert isinstance(said["status"], int)
        assert len(said["request_id"]) == 32


def test_an_ordinary_line_says_what_was_asked(nginx: Nginx) -> None:
    identifier = nginx.get("/a/b?c=d", User_Agent="one/1.0", Host="desk.test").headers["X-Request-ID"]
    line = wait_until("it is logged", lambda: [x for x in nginx.access_log() if x["request_id"] == identifier])[0]
    assert (line["path"], line["host"], line["user_agent"]) == ("/a/b", "desk.test", "one/1.0")


def test_a_path_that_ends_early_is_written_so(nginx: Nginx) -> None:
    identifier = nginx.get("/?lang=es").headers["X-Request-ID"]
    line = wait_until("it is logged", lambda: [x for x in nginx.access_log() if x["request_id"] == identifier])[0]
    assert (line["path"], line["user_agent"]) == ("/", "")


def test_what_the_desk_says_below_static_is_not_kept_for_ever(nginx: Nginx) -> None:
    assert "immutable" not in nginx.get("/static/absent.css").headers.get("Cache-Control", "")
