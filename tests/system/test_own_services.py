"""Services that nobody here has written, added to `sereno.toml` as a user would, behind the whole system natively."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.equipment import foreign
from tests.equipment.compose import copy_tracked
from tests.equipment.foreign import Foreign
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack
from tests.equipment.websocket import WebSocket

pytestmark = pytest.mark.skipif(foreign.is_missing(), reason="this machine has no npm")

TOML = """\
[[services]]
name = "httpbin"
title = "Request bin"
title_es = "Caja de peticiones"
upstream = "127.0.0.1:{httpbin}"
health_path = "/status/200"
body_limit = "40m"
timeout = "4s"

[[services]]
name = "peers"
upstream = "127.0.0.1:{peers}"
websocket = true
timeout = "2s"

[[services]]
name = "things"
upstream = "localhost:{things}"
health_path = "/things/1"

[[services]]
name = "bakery"
upstream = "127.0.0.1:{bakery}"
domain = "bakery.example.org"

[[services]]
name = "numbers"
upstream = "127.0.0.1:{numbers}"
access = "operators"
metrics_path = "/metrics"
status_page = false
"""

OURS = ("httpbin", "peers", "things", "bakery")


@dataclass
class Served:
    """The stack and what it serves."""

    stack: NativeStack
    services: dict[str, Foreign]

    def connection(self, name: str = "localhost") -> http.client.HTTPSConnection:
        """TLS to Nginx, for the server `name`; the certificate is not looked at."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.stack.ports["nginx"], timeout=30, context=context)
        plain = socket.create_connection(("127.0.0.1", self.stack.ports["nginx"]), 30)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        return connection

    def status(self, name: str) -> int:
        """What `/name/` answers."""
        return self.stack.get(f"/{name}/").status

    def measured(self, query: str) -> float | None:
        found = self.stack.prometheus("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None

    def write_settings(self, more: str = "") -> None:
        ports = {name: service.port for name, service in self.services.items()}
        # From the distribution: Node Exporter, which runs here anyway.
        ports["numbers"] = self.stack.ports["node-exporter"]
        (self.stack.root / "sereno.toml").write_text(TOML.format(**ports) + more)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("foreign")
    makers = (foreign.httpbin, foreign.peer_server, foreign.json_server, foreign.files)
    services = {name: make(folder / name) for name, make in zip(OURS, makers, strict=True)}
    stack = NativeStack()
    stack.root = stack.folder / "clone"
    stack.root.mkdir()
    copy_tracked(stack.root)
    running = Served(stack, services)
    running.write_settings()
    try:
        for service in services.values():
            service.start()
        stack.up()
        yield running
    finally:
        stack.close()
        for service in services.values():
            service.kill()


# -- served ----------------------------------------------------------------------------------------------------------


def test_each_answers_where_the_settings_put_it(served: Served) -> None:
    get = served.stack.get
    assert get("/httpbin/anything/x?y=1").json["args"] == {"y": "1"}
    assert get("/things/things/1").json == {"id": 1, "name": "lamp"}
    assert "PeerJS Server" in get("/peers/").text
    assert "Fresh bread" in get("/", Host="bakery.example.org").text
    assert "Sereno" in get("/").text


def test_it_may_change_things_and_redirect(served: Served) -> None:
    url = f"{served.stack.url}/things/things"
    body, headers = json.dumps({"name": "bell"}).encode(), {"Content-Type": "application/json"}
    made = served.stack.ask("POST", url, body=body, headers=headers)
    assert (made.status, made.json["name"]) == (201, "bell")
    assert served.stack.ask("DELETE", f"{url}/{made.json['id']}").status == 200
    assert served.stack.get("/httpbin/absolute-redirect/1").headers["Location"].endswith("/httpbin/get")
    assert served.stack.get("/httpbin/relative-redirect/1").headers["Location"] == "/httpbin/get"


def test_a_large_upload_arrives_whole_and_a_larger_one_is_refused(served: Served) -> None:
    url = f"{served.stack.url}/httpbin/post"
    binary = {"Content-Type": "application/octet-stream"}
    sent = served.stack.ask("POST", url, body=b"x" * 30_000_000, headers=binary)
    assert (sent.status, sent.json["headers"]["Content-Length"]) == (200, "30000000")
    assert sent.json["data"].count("x") == 30_000_000
    assert served.stack.ask("POST", url, body=b"x" * 42_000_000, headers=binary).status == 413
    assert served.stack.ask("POST", f"{served.stack.url}/things/things", body=b"x" * 1_100_000).status == 413


def test_a_slow_answer_is_waited_for_as_long_as_the_settings_say(served: Served) -> None:
    assert served.stack.get("/httpbin/delay/3").status == 200
    late = served.stack.get("/httpbin/delay/9", Accept_Language="es")
    assert (late.status, "Caja de peticiones no responde" in late.text) == (504, True)


def test_a_stream_comes_part_by_part(served: Served) -> None:
    connection = served.connection()
    connection.request("GET", "/httpbin/drip?duration=3&numbytes=4&code=200&delay=0")
    answer = connection.getresponse()
    arrivals = []
    while answer.read(1):
        arrivals.append(time.monotonic())
    connection.close()
    assert len(arrivals) == 4
    # A second lies between two drops; what was gathered up would come at once.
    assert arrivals[-1] - arrivals[0] > 1.5


def test_a_websocket_opens_and_stays_open_beyond_the_time_out(served: Served) -> None:
    connection = served.connection()
    opened = WebSocket(connection.sock, "localhost", "/peers/peerjs?key=peerjs&id=ana&token=secret")
    assert json.loads(opened.receive()) == {"type": "OPEN"}
    time.sleep(3)  # Longer than the service may keep a reader waiting who opens no WebSocket.
    # It sends itself a message by way of the service.
    opened.send(json.dumps({"type": "OFFER", "dst": "ana", "payload": "hello"}))
    assert json.loads(opened.receive())["payload"] == "hello"
    opened.close()


# -- watched ---------------------------------------------------------------------------------------------------------


def test_requests_are_counted_by_service_and_class(served: Served) -> None:
    served.stack.get("/httpbin/status/503")

    def counted(code: str) -> float:
        return served.measured(f'sereno_service_requests_total{{service="httpbin",code="{code}"}}') or 0

    wait_until("requests are counted", lambda: counted("2xx") >= 2 and counted("5xx") >= 1, 60)
    slowest = 'sereno_service_request_seconds_bucket{service="httpbin",le="2.5"}'
    whole = 'sereno_service_request_seconds_count{service="httpbin"}'
    assert (served.measured(whole) or 0) > (served.measured(slowest) or 0) > 0


def test_each_is_probed_through_nginx_and_on_the_page(served: Served) -> None:
    probed = f'count(probe_success{{instance=~"{"|".join(OURS)}"}} == 1)'
    wait_until("all are probed", lambda: served.measured(probed) == len(OURS), 60)
    wait_until("it is on the page", lambda: "Caja de peticiones" in served.stack.get("/", Accept_Language="es").text)


def test_what_one_tells_of_itself_is_scraped_and_nobody_elses_business(served: Served) -> None:
    wait_until("it is scraped", lambda: served.measured('up{job="services",instance="numbers"}') == 1, 60)
    assert served.measured('node_time_seconds{job="services"}')
    assert served.stack.get("/numbers/metrics").status == 403


def test_one_for_operators_is_shut_for_strangers_and_probed_all_the_same(served: Served) -> None:
    stranger = served.stack.get("/numbers/")
    assert (stranger.status, stranger.headers["Location"]) == (303, "/login?next=%2Fnumbers%2F")
    wait_until("it is probed", lambda: served.measured('probe_success{instance="numbers"}') == 1, 60)
    assert "numbers" not in served.stack.get("/").text


DASHBOARD = json.loads((Path(__file__).parents[2] / "grafana/dashboards/service.json").read_text())
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
]


@pytest.mark.parametrize("expr", QUERIES)
def test_each_panel_of_the_dashboard_has_data(served: Served, expr: str) -> None:
    filled = re.sub(r"\$service\b", ".+", expr.replace("$__rate_interval", "2m"))

    def numbers() -> list[float]:
        served.stack.get("/httpbin/get")
        found = [float(each["value"][1]) for each in served.stack.prometheus("query", query=filled)["result"]]
        return [each for each in found if each == each]

    wait_until(f"data for {filled}", numbers, 90)


def test_who_is_killed_is_told_on_its_page_on_the_status_page_and_by_an_alert_within_a_minute(served: Served) -> None:
    httpbin = served.services["httpbin"]
    httpbin.kill()
    began = time.monotonic()
    page = served.stack.get("/httpbin/")
    assert (page.status, "Request bin does not answer" in page.text) == (502, True)
    wait_until("the alert fires", lambda: ("ProbeFailed", "httpbin") in served.stack.firing(), 60)

    def shown_down() -> bool:
        status = served.stack.get("/status.json").json
        alerts = {alert["name"] for alert in status["alerts"]}
        return status["status"] == "down" and "ProbeFailed" in alerts

    wait_until("the status page says so", shown_down, max(1.0, began + 60 - time.monotonic()))
    assert served.status("things") == 200
    httpbin.start()
    assert served.status("httpbin") == 200
    wait_until("all is calm", lambda: ("ProbeFailed", "httpbin") not in served.stack.firing(), 60)


# -- changed ---------------------------------------------------------------------------------------------------------


def test_no_request_is_lost_while_up_takes_over_another_service(served: Served) -> None:
    stop = threading.Event()

    def ask(number: int) -> tuple[int, list[str]]:
        """Again and again, every other time by a connection that is kept."""
        answered, troubles = 0, []
        while not stop.is_set():
            try:
                connection = served.connection()
                for turn in range(2):
                    try:
                        connection.request("GET", f"/things/things/1?{number}")
                        answer = connection.getresponse()
                    except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                        # Kept ones may be closed at any moment; who meets that asks by a new one (RFC 9112, 9.3.1).
                        if turn == 0:
                            raise
                        break
                    body = answer.read()
                    assert (answer.status, b"lamp" in body) == (200, True), (answer.status, body[:200])
                    answered += 1
                    if answer.getheader("Connection") == "close":
                        break
                connection.close()
            except Exception as error:
                troubles.append(repr(error))
        return answered, troubles

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(ask, number) for number in range(4)]
        served.write_settings(
            f'\n[[services]]\nname = "more"\nupstream = "127.0.0.1:{served.services["bakery"].port}"\n'
        )
        told = served.stack.up().err
        stop.set()
        results = [reader.result(60) for reader in readers]
    assert "nginx takes over its new configuration" in told
    assert "Fresh bread" in served.stack.get("/more/").text
    assert [trouble for _, troubles in results for trouble in troubles] == []
    assert all(answered > 5 for answered, _ in results)


def test_a_mistake_names_its_line_and_leaves_what_runs_as_it_was(served: Served) -> None:
    snippet = served.stack.root / "docker/nginx/conf.d/locations/mine.conf"
    snippet.write_text("location /mine/ {\n    return 204;\n}\nlocation /bad/ {\n    nonsense on;\n}\n")
    before = served.stack.pid("nginx")
    refused = served.stack.sereno("up")
    assert refused.code == 1
    assert re.search(r'unknown directive "nonsense" in \S+/locations/mine.conf:5', refused.err)
    assert served.stack.pid("nginx") == before
    assert served.status("things") == 200
    snippet.unlink()
    served.stack.up()
