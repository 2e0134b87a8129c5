"""Services that nobody here has written, behind the stack in Compose: in a container beside it, and on the machine."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPResponse, HTTPSConnection

import pytest
from tests.equipment import foreign
from tests.equipment.compose import CommandLine, Stack, eventually
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError
from tests.equipment.foreign import Foreign
from tests.equipment.guides import blocks
from tests.equipment.websocket import WebSocket

from sereno.serve.catalogue.desk import IMAGE

pytestmark = [
    pytest.mark.compose,
    pytest.mark.skipif(foreign.is_missing(), reason="this machine has no npm"),
]

GATEWAY = "10.213.41.1"
TOML = f"""\
[[services]]
name = "httpbin"
title = "Request bin"
title_es = "Caja de peticiones"
upstream = "{GATEWAY}:{{httpbin}}"
health_path = "/status/200"
body_limit = "40m"
timeout = "4s"

[[services]]
name = "peers"
upstream = "{GATEWAY}:{{peers}}"
websocket = true

[[services]]
name = "bakery"
upstream = "bakery:80"

[[services]]
name = "nobody"
upstream = "no-such-container:80"
status_page = false
"""
(OVERRIDE,) = (block.text for block in blocks("your-first-service.md") if block.language == "yaml")
"""The container `bakery`, on port 80: its image is one that is here anyway."""


@dataclass
class Served:
    """The stack and what it serves."""

    line: CommandLine
    services: dict[str, Foreign]

    @property
    def stack(self) -> Stack:
        return self.line.stack

    def write_settings(self, more: str = "") -> None:
        ports = {name: service.port for name, service in self.services.items()}
        (self.stack.clone / "sereno.toml").write_text(TOML.format(**ports) + more)

    def connection(self) -> HTTPSConnection:
        """TLS to Nginx; the certificate is not looked at."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with self.stack.engine.network():
            connection = HTTPSConnection("127.0.0.1", 8443, timeout=30, context=context)
            connection.connect()
        return connection

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str]:
        connection = self.connection()
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, path, body, sent)
        answer: HTTPResponse = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def firing(self) -> set[tuple[str, str]]:
        answer = self.stack.get("http://127.0.0.1:9090/api/v1/alerts")
        alerts = json.loads(answer.body)["data"]["alerts"] if answer.status == 200 else []
        return {(a["labels"]["alertname"], a["labels"].get("instance", "")) for a in alerts if a["state"] == "firing"}

    def measured(self, query: str) -> float:
        with self.stack.engine.network():
            answer = self.stack.get(f"http://127.0.0.1:9090/api/v1/query?query={query}")
        found = json.loads(answer.body)["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0


@pytest.fixture(scope="module")
def served(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    try:
        client = clients.compose_v1()
    except EquipmentError:
        client = clients.compose_v2(docker)
    folder = tmp_path_factory.mktemp("foreign")
    elsewhere = {"host": "0.0.0.0", "prefix": docker.prefix()}
    services = {
        "httpbin": foreign.httpbin(folder / "httpbin", **elsewhere),
        "peers": foreign.peer_server(folder / "peers", **elsewhere),
    }
    stack = Stack(docker, client)
    running = Served(CommandLine(stack, tmp_path_factory.mktemp("home")), services)
    running.write_settings()
    (stack.folder / "docker-compose.override.yml").write_text(OVERRIDE)
    (stack.folder / "site").mkdir()
    (stack.folder / "site/index.html").write_text("<h1>Fresh bread</h1>")
    try:
        for service in services.values():
            service.start(wait=False)
        running.line.must("up", "--on", "compose", "--yes")
        yield running
    finally:
        stack.close()
        for service in services.values():
            service.kill()


def test_those_of_the_machine_and_of_a_container_answer_and_one_that_is_nowhere_hinders_nobody(served: Served) -> None:
    status, text = served.ask("/httpbin/anything/x?y=1")
    assert (status, json.loads(text)["args"]) == (200, {"y": "1"})
    assert served.ask("/bakery/") == (200, "<h1>Fresh bread</h1>")
    assert "PeerJS Server" in served.ask("/peers/")[1]
    status, text = served.ask("/nobody/")
    assert (status in (502, 504), "nobody does not answer" in text) == (True, True)
    assert served.ask("/")[0] == 200


def test_a_large_upload_arrives_whole_though_nginx_has_little_memory(served: Served) -> None:
    binary = {"Content_Type": "application/octet-stream"}
    status, text = served.ask("/httpbin/post", method="POST", body=b"x" * 30_000_000, **binary)
    assert (status, json.loads(text)["data"].count("x")) == (200, 30_000_000)
    assert not served.stack.containers()["nginx"]["State"]["OOMKilled"]


def test_a_slow_answer_is_waited_for_as_long_as_the_settings_say(served: Served) -> None:
    assert served.ask("/httpbin/delay/3")[0] == 200
    status, text = served.ask("/httpbin/delay/9", Accept_Language="es")
    assert (status, "Caja de peticiones no responde" in text) == (504, True)


def test_a_stream_comes_part_by_part(served: Served) -> None:
    connection = served.connection()
    connection.request("GET", "/httpbin/drip?duration=3&numbytes=4&code=200&delay=0")
    answer = connection.getresponse()
    arrivals = []
    while answer.read(1):
        arrivals.append(time.monotonic())
    connection.close()
    assert len(arrivals) == 4
    assert arrivals[-1] - arrivals[0] > 1.5


def test_a_websocket_opens(served: Served) -> None:
    connection = served.connection()
    opened = WebSocket(connection.sock, "localhost", "/peers/peerjs?key=peerjs&id=ana&token=secret")
    assert json.loads(opened.receive()) == {"type": "OPEN"}
    opened.send(json.dumps({"type": "OFFER", "dst": "ana", "payload": "hello"}))
    assert json.loads(opened.receive())["payload"] == "hello"
    opened.close()


def test_requests_are_counted_and_each_is_probed(served: Served) -> None:
    counted = 'sereno_service_requests_total{service="httpbin",code="2xx"}'
    assert eventually(lambda: served.measured(counted) >= 2, 60)
    for name in ("httpbin", "peers", "bakery"):
        assert eventually(lambda name=name: served.measured(f'probe_success{{instance="{name}"}}') == 1, 60), name


def test_a_dead_container_is_told_within_a_minute_and_found_again_wherever_it_comes_back(served: Served) -> None:
    served.stack.docker("rm", "--force", served.stack.id("bakery"))
    assert eventually(lambda: "bakery does not answer" in served.ask("/bakery/")[1], 15)
    assert "bakery no responde" in served.ask("/bakery/", Accept_Language="es")[1]
    assert eventually(lambda: ("ProbeFailed", "bakery") in served.firing(), 60)
    # Another takes the address that it had.
    served.stack.docker(
        "run", "--detach", "--rm", "--name", "squatter", "--network", "docker_ops", IMAGE, "sleep", "600"
    )
    try:
        served.stack.compose("up", "-d", "--no-deps", "bakery")
        assert eventually(lambda: served.ask("/bakery/") == (200, "<h1>Fresh bread</h1>"), 30)
    finally:
        served.stack.docker("rm", "--force", "squatter")
    assert eventually(lambda: ("ProbeFailed", "bakery") not in served.firing(), 60)


def test_no_request_is_lost_while_up_takes_over_another_service(served: Served) -> None:
    stop = threading.Event()
    troubles: list[str] = []

    def ask() -> int:
        answered = 0
        while not stop.is_set():
            try:
                assert served.ask("/bakery/") == (200, "<h1>Fresh bread</h1>")
                answered += 1
            except Exception as error:
                troubles.append(repr(error))
        return answered

    before = served.stack.lives()["nginx"]
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(ask) for _ in range(2)]
        served.write_settings('\n[[services]]\nname = "more"\nupstream = "bakery:80"\n')
        try:
            done = served.line.run("up")
        finally:
            stop.set()
        answered = [reader.result(60) for reader in readers]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nginx takes over its new configuration" in done.stderr
    assert served.stack.lives()["nginx"] == before
    assert served.ask("/more/") == (200, "<h1>Fresh bread</h1>")
    assert troubles == []
    assert min(answered) > 5


def test_a_mistake_names_its_line_and_leaves_what_runs_as_it_was(served: Served) -> None:
    snippet = served.stack.folder / "nginx/conf.d/locations/mine.conf"
    snippet.write_text("location /mine/ {\n    return 204;\n}\nlocation /bad/ {\n    nonsense on;\n}\n")
    before = served.stack.lives()
    refused = served.line.run("up")
    assert refused.returncode == 1
    assert 'unknown directive "nonsense" in /etc/nginx/conf.d/locations/mine.conf:5' in refused.stderr
    assert served.stack.lives() == before
    assert served.ask("/bakery/")[0] == 200
    snippet.write_text("location /mine/ {\n    return 204;\n}\n")
    served.line.must("up")
    assert served.ask("/mine/")[0] == 204
    assert served.stack.lives()["nginx"] == before["nginx"]


def test_the_containers_own_loopback_is_refused_with_the_way_out(served: Served) -> None:
    served.write_settings('\n[[services]]\nname = "here"\nupstream = "127.0.0.1:3001"\n')
    refused = served.line.run("up")
    assert refused.returncode == 2
    assert f"have it listen at {GATEWAY}" in refused.stderr
    served.write_settings()
