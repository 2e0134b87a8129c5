"""An authority's renewal information (RFC 9773) and clock, from a stand-in that answers as Let's Encrypt does.

Debian's Pebble offers none, so this is not asked of the real one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sereno.core.errors import Unavailable
from sereno.outside.acme_directory import AcmeDirectory

WINDOW = {"start": "2026-12-01T00:00:00Z", "end": "2026-12-03T12:34:56.789012345Z"}


@dataclass
class Authority:
    """What it answers, and what it was asked."""

    offers: bool = True
    status: int = 200
    answer: Any = field(default_factory=lambda: {"suggestedWindow": WINDOW, "explanationURL": "https://ca.test/why"})
    retry_after: str = "21600"
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer_to(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        if path == "/directory":
            more = {"renewalInfo": f"{self.address}/acme/renewal-info"} if self.offers else {}
            return 200, json.dumps({"newOrder": f"{self.address}/order", **more}).encode()
        return self.status, self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


@pytest.fixture
def authority() -> Iterator[Authority]:
    known = Authority()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = known.answer_to(self.path)
            self.send_response(status)
            self.send_header("Retry-After", known.retry_after)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()


def directory(authority: Authority) -> AcmeDirectory:
    return AcmeDirectory(f"{authority.address}/directory", timeout_seconds=5)


def test_the_window_of_a_certificate_is_asked_for_by_its_identifier(authority: Authority) -> None:
    told = directory(authority).suggestion("aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE")
    assert authority.asked == ["/directory", "/acme/renewal-info/aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE"]
    assert told is not None
    assert told.start == datetime(2026, 12, 1, tzinfo=UTC)
    assert told.end == datetime(2026, 12, 3, 12, 34, 56, 789012, tzinfo=UTC)
    assert (told.explanation, told.retry_after_seconds) == ("https://ca.test/why", 21600)


def test_an_authority_without_it_says_nothing(authority: Authority) -> None:
    authority.offers = False
    assert directory(authority).suggestion("a.b") is None


def test_a_certificate_that_it_does_not_know_has_no_window(authority: Authority) -> None:
    authority.status = 404
    assert directory(authority).suggestion("a.b") is None


def test_without_an_explanation_or_a_number_of_seconds_the_window_counts(authority: Authority) -> None:
    authority.answer, authority.retry_after = {"suggestedWindow": WINDOW}, "soon"
    told = directory(authority).suggestion("a.b")
    assert told is not None
    assert (told.explanation, told.retry_after_seconds) == ("", None)


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense",
        b"[]",
        {},
        {"suggestedWindow": {"start": "soon", "end": "later"}},
        {"suggestedWindow": {"start": WINDOW["end"], "end": WINDOW["start"]}},
    ],
)
def test_what_cannot_be_read_is_no_window(authority: Authority, answer: Any) -> None:
    authority.answer = answer
    with pytest.raises(Unavailable):
        directory(authority).suggestion("a.b")


def test_its_clock_is_read(authority: Authority) -> None:
    assert abs(directory(authority).time() - datetime.now(UTC)) < timedelta(seconds=30)


def test_an_authority_that_is_not_there_is_told_so() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        AcmeDirectory("http://127.0.0.1:1/directory").time()
