"""Probes on the running system: added by the command line, asked within half a minute, alerted on, removed."""

from __future__ import annotations

import http.server
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from tests.equipment.monitoring import free_port, wait_until
from tests.equipment.stack import NativeStack

FIRST_SAMPLE_SECONDS = 30
"""What is promised."""
TOLD_SECONDS = 60


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"open for business"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def site(port: int) -> Iterator[None]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Site)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def value(stack: NativeStack, query: str) -> float | None:
    result = stack.prometheus("query", query=query)["result"]
    return float(result[0]["value"][1]) if result else None


def success(stack: NativeStack, name: str) -> float | None:
    return value(stack, f'probe_success{{job="probes",instance="{name}"}}')


def on_the_page(stack: NativeStack, name: str) -> dict[str, Any] | None:
    return next((each for each in stack.get("/status.json").json["components"] if each["name"] == name), None)


@pytest.fixture
def shop(stack: NativeStack) -> Iterator[int]:
    """A port whose probe `shop` is removed afterwards."""
    yield free_port()
    stack.sereno("watch", "--remove", "shop")
    wait_until("the probe is gone", lambda: success(stack, "shop") is None, 30)


def test_a_probe_added_by_hand_is_asked_shown_alerted_on_and_removed(stack: NativeStack, shop: int) -> None:
    loaded = "prometheus_config_last_reload_success_timestamp_seconds"
    reloads = wait_until("Prometheus has measured itself", lambda: value(stack, loaded), 60)
    with site(shop):
        began = time.monotonic()
        done = stack.must(
            "watch", f"http://127.0.0.1:{shop}/", "--name", "shop", "--interval", "5s", "--contains", "open", "--json",
            "--title", "The shop", "--title-es", "La tienda", "--group", "Business",
        )  # fmt: skip
        assert json.loads(done.out)["name"] == "shop"
        wait_until("the first sample is there", lambda: success(stack, "shop") is not None, FIRST_SAMPLE_SECONDS)
        assert time.monotonic() - began < FIRST_SAMPLE_SECONDS
        wait_until("the answer is good", lambda: success(stack, "shop") == 1, 30)
        assert value(stack, loaded) == reloads
        shown = wait_until(
            "the page shows it up", lambda: (c := on_the_page(stack, "shop")) and c["state"] == "up" and c
        )
        assert shown["title"] == {"en": "The shop", "es": "La tienda"}
        assert shown["group"] == "Business"
        assert str(shop) not in stack.get("/").text
    wait_until("the alert fires", lambda: ("ProbeFailed", "shop") in stack.firing(), TOLD_SECONDS)
    wait_until("the page says so", lambda: (c := on_the_page(stack, "shop")) and c["state"] == "down", 15)
    wait_until(
        "the desk has the alert",
        lambda: any(a["name"] == "ProbeFailed" for a in stack.get("/status.json").json["alerts"]),
        30,
    )
    with site(shop):
        wait_until("the alert has ended", lambda: ("ProbeFailed", "shop") not in stack.firing(), TOLD_SECONDS)
        listed = json.loads(stack.must("watch", "--list", "--json").out)
        row = next(each for each in listed if each["name"] == "shop")
        assert (row["state"], row["http_status"], row["source"]) == ("up", 200, "stored")


def test_words_that_are_missing_are_a_failure(stack: NativeStack, shop: int) -> None:
    with site(shop):
        stack.must("watch", f"http://127.0.0.1:{shop}/", "--name", "shop", "--interval", "5s", "--contains", "closed")
        wait_until("the alert fires", lambda: ("ProbeFailed", "shop") in stack.firing(), TOLD_SECONDS)


@pytest.mark.parametrize("name", ["mysql", "prometheus", "webapp", "mysqld-exporter"])
def test_what_is_inside_is_refused_with_the_reason(stack: NativeStack, name: str) -> None:
    done = stack.sereno("watch", f"localhost:{stack.ports[name]}")
    assert done.code == 2
    assert "Sereno's own internal ports" in done.err


def test_a_metadata_address_is_refused(stack: NativeStack) -> None:
    done = stack.sereno("watch", "http://169.254.169.254/latest/meta-data/")
    assert done.code == 2
    assert "link-local" in done.err


def test_targets_are_for_prometheus_alone(stack: NativeStack) -> None:
    assert stack.get("/api/v1/targets").status == 401
    token = {"Authorization": f"Bearer {stack.secret('alertmanager-token')}"}
    answer = stack.ask("GET", f"http://127.0.0.1:{stack.ports['webapp']}/api/v1/targets", headers=token)
    assert (answer.status, answer.json) == (200, [])
