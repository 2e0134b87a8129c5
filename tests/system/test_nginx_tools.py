"""The operators' tools behind the desk's login, and one of them for real: Prometheus as the distribution has it."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment.monitoring import Monitoring, missing, wait_until
from tests.equipment.nginx import Asked, Echo, Given, Nginx, is_missing

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]

TOOLS = ("grafana", "prometheus", "alertmanager")


class Gatekeeper:
    """Stands where the desk does: answers Nginx's questions as it is told to."""

    def __init__(self) -> None:
        self.status = 204

    def __call__(self, asked: Asked) -> Given | None:
        if asked.path.startswith("/_gate/instead"):
            wanted = f"{asked.headers['x-original-method']} {asked.headers['x-original-uri']}"
            return Given(status=303, headers={"Location": "/login?next=elsewhere", "X-Asked-For": wanted})
        if asked.path.startswith("/_gate/"):
            return Given(status=self.status, headers={"X-Sereno-Assertion": f"signed for {asked.path}"})
        return None


@pytest.fixture
def gate() -> Gatekeeper:
    return Gatekeeper()


@pytest.fixture
def desk(gate: Gatekeeper) -> Iterator[Echo]:
    server = Echo(gate)
    yield server
    server.close()


def tool_behaviour(asked: Asked) -> Given | None:
    if asked.path.startswith("/old"):
        return Given(status=302, headers={"Location": "/graph?x=1"})
    if asked.path.startswith("/broken"):
        return Given(status=500, body=b"its own words")
    return None


@pytest.fixture
def tool() -> Iterator[Echo]:
    server = Echo(tool_behaviour)
    yield server
    server.close()


@pytest.fixture
def nginx(desk: Echo, tool: Echo) -> Iterator[Nginx]:
    server = Nginx(ports={"webapp": desk.port} | dict.fromkeys(TOOLS, tool.port)).start()
    for page in ("absent", "tunnel", "403"):
        server.write(f"errors/{page}.en.html", f"<h1>{page}")
        server.write(f"errors/{page}.es.html", f"<h1>{page} en español")
    yield server
    server.close()


@pytest.mark.parametrize("name", TOOLS)
def test_the_desk_is_asked_each_time_before_a_tool_is(nginx: Nginx, desk: Echo, tool: Echo, name: str) -> None:
    for number in (1, 2):
        nginx.get(f"/{name}/api/things?x=1", Cookie="sereno_session=abc")
        question = desk.asked[-1]
        assert len(desk.asked) == len(tool.asked) == number
        assert (question.method, question.path) == ("GET", f"/_gate/{name}")
        assert question.headers["cookie"] == "sereno_session=abc"


def test_the_body_goes_to_the_tool_and_not_to_the_desk(nginx: Nginx, desk: Echo, tool: Echo) -> None:
    nginx.ask("POST", "/prometheus/api/v1/query", b"query=up")
    assert desk.asked[0].body == b""
    assert (tool.asked[0].method, tool.asked[0].body) == ("POST", b"query=up")


def test_grafana_keeps_its_path_the_others_begin_at_the_root(nginx: Nginx) -> None:
    assert nginx.get("/grafana/d/system?orgId=1").json["path"] == "/grafana/d/system?orgId=1"
    assert nginx.get("/prometheus/api/v1/query?query=up%7Bx%3D%22a%2Fb%22%7D").json["path"] == (
        "/api/v1/query?query=up%7Bx%3D%22a%2Fb%22%7D"
    )
    assert nginx.get("/alertmanager/api/v2/alerts").json["path"] == "/api/v2/alerts"


def test_a_tool_learns_who_comes_from_the_desk_alone(nginx: Nginx) -> None:
    forged = {
        "Cookie": "sereno_session=abc; grafana_session=stolen",
        "Authorization": "Bearer forged",
        "X_JWT_Assertion": "forged",
        "X_Sereno_Assertion": "forged",
        "X_Forwarded_For": "10.0.0.1",
        "X_Request_ID": "forged-request-id",
    }
    told = nginx.get("/grafana/api/user?auth_token=forged", **forged).json["headers"]
    assert told["x-jwt-assertion"] == "signed for /_gate/grafana"
    assert told["x-forwarded-for"] == "127.0.0.1"
    for name in ("cookie", "authorization"):
        assert name not in told
    for path in ("/prometheus/x", "/alertmanager/x"):
        told = nginx.get(path, **forged).json["headers"]
        assert not {"x-jwt-assertion", "cookie", "authorization"} & set(told)
        assert told["x-request-id"] != "forged-request-id"


def test_a_header_spelled_with_underscores_is_no_way_around(nginx: Nginx, tool: Echo) -> None:
    connection = nginx.connection()
    connection.request("GET", "/grafana/x", headers={"X_JWT_Assertion": "forged", "x-jwt_assertion": "forged"})
    connection.getresponse().read()
    connection.close()
    assert "forged" not in str(tool.asked[0].headers)


@pytest.mark.parametrize("name", TOOLS)
def test_a_stranger_is_sent_to_sign_in_and_the_desk_is_told_what_was_wanted(
    nginx: Nginx, gate: Gatekeeper, tool: Echo, name: str
) -> None:
    gate.status = 401
    answer = nginx.get(f"/{name}/d/x?a=1&b=2")
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=elsewhere")
    assert answer.headers["X-Asked-For"] == f"GET /{name}/d/x?a=1&b=2"
    assert nginx.ask("POST", f"/{name}/api", b"body").headers["X-Asked-For"] == f"POST /{name}/api"
    assert not tool.asked


def test_who_may_not_come_in_hears_why_from_the_desk(nginx: Nginx, gate: Gatekeeper, tool: Echo) -> None:
    gate.status = 403
    answer = nginx.get("/prometheus/graph?x=1")
    assert answer.headers["X-Asked-For"] == "GET /prometheus/graph?x=1"
    assert not tool.asked


@pytest.mark.parametrize("name", TOOLS)
def test_while_the_desk_cannot_answer_the_way_through_ssh_is_shown(
    nginx: Nginx, gate: Gatekeeper, desk: Echo, tool: Echo, name: str
) -> None:
    for trouble in (500, 503, 302, 429):
        gate.status = trouble
        answer = nginx.get(f"/{name}/x", Cookie="lang=es")
        assert (answer.status, answer.text) == (503, "<h1>tunnel en español"), trouble
    desk.close()
    answer = nginx.get(f"/{name}/x")
    assert (answer.status, answer.text) == (503, "<h1>tunnel")
    assert answer.headers["Retry-After"] == "10"
    assert not tool.asked


def test_a_tool_that_is_absent_is_told_apart(nginx: Nginx, tool: Echo) -> None:
    tool.close()
    answer = nginx.get("/grafana/")
    assert (answer.status, answer.text) == (503, "<h1>absent")


def test_one_that_is_not_installed_is_not_looked_for_on_its_port(nginx: Nginx, gate: Gatekeeper, tool: Echo) -> None:
    nginx.render(absent=frozenset({"grafana"}))
    assert nginx.check() == ""
    before = nginx.workers()
    nginx.reload()
    wait_until("new processes serve alone", lambda: not nginx.workers() & before, 10)
    for path in ("/grafana/", "/grafana/api/health"):
        answer = nginx.get(path, Accept_Language="es")
        assert (answer.status, answer.text) == (503, "<h1>absent en español")
    gate.status = 401
    assert nginx.get("/grafana/").status == 303, "strangers are not even told that"
    assert not tool.asked


def test_a_tools_own_errors_are_its_own(nginx: Nginx) -> None:
    answer = nginx.get("/prometheus/broken")
    assert (answer.status, answer.text) == (500, "its own words")


def test_redirects_of_a_tool_stay_below_its_path(nginx: Nginx) -> None:
    assert nginx.get("/prometheus/old").headers["Location"] == "/prometheus/graph?x=1"
    assert nginx.get("/alertmanager/old").headers["Location"] == "/alertmanager/graph?x=1"


def test_the_paths_without_a_slash_lead_to_those_with_one(nginx: Nginx) -> None:
    for name in ("grafana", "prometheus"):
        assert nginx.get(f"/{name}").headers["Location"] == f"/{name}/"


def test_natively_alertmanagers_page_is_the_desks(nginx: Nginx) -> None:
    for path in ("/alertmanager", "/alertmanager/"):
        assert nginx.get(path).headers["Location"] == "/alerts"


def test_names_that_only_begin_like_a_tool_are_the_desks(nginx: Nginx) -> None:
    assert nginx.get("/grafanas").json["path"] == "/grafanas"
    assert nginx.get("/prometheus-notes").json["path"] == "/prometheus-notes"


# -- Grafana's live measurements: a WebSocket ------------------------------------------------------------------------


class WebSocketServer:
    """Says yes to one upgrade, then repeats what it hears."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.request = ""
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            while "\r\n\r\n" not in self.request:
                self.request += connection.recv(4096).decode()
            key = re.search(r"(?i)sec-websocket-key: (\S+)", self.request)
            assert key is not None
            accept = hashlib.sha1(key[1].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n"
            )
            while heard := connection.recv(4096):
                connection.sendall(heard)

    def close(self) -> None:
        self.listener.close()
        self.thread.join(5)


def upgrade(nginx: Nginx, to: str) -> ssl.SSLSocket:
    """Ask for `to` on a connection and come back when the answer's head has been read into `head`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    secure = context.wrap_socket(socket.create_connection(("127.0.0.1", nginx.ports["nginx"]), 10))
    key = base64.b64encode(os.urandom(16)).decode()
    secure.sendall(
        f"GET /grafana/api/live/ws HTTP/1.1\r\nHost: localhost:8443\r\nOrigin: https://localhost:8443\r\n"
        f"Connection: keep-alive, Upgrade\r\nUpgrade: {to}\r\nSec-WebSocket-Key: {key}\r\n"
        f"Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return secure


def test_a_websocket_reaches_grafana_with_its_origin_and_host(desk: Echo) -> None:
    grafana = WebSocketServer()
    nginx = Nginx(ports={"webapp": desk.port, "grafana": grafana.port}).start()
    try:
        secure = upgrade(nginx, "websocket")
        head = secure.recv(4096)
        assert head.startswith(b"HTTP/1.1 101")
        secure.sendall(b"ping")
        assert secure.recv(4) == b"ping"
        secure.close()
        assert "Host: localhost:8443" in grafana.request
        assert "Origin: https://localhost:8443" in grafana.request
        assert "signed for /_gate/grafana" in grafana.request
    finally:
        nginx.close()
        grafana.close()


def test_only_a_websocket_may_change_the_protocol(nginx: Nginx, tool: Echo) -> None:
    secure = upgrade(nginx, "h2c")
    assert secure.recv(4096).startswith(b"HTTP/1.1 200")
    secure.close()
    assert "upgrade" not in tool.asked[0].headers


# -- Prometheus for real ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(bool(missing("prometheus")), reason="this machine has no Prometheus")
def test_every_link_of_prometheus_own_page_works_through_nginx(desk: Echo, tmp_path: Path) -> None:
    monitoring = Monitoring(tmp_path)
    monitoring.start_prometheus({}, {})
    nginx = Nginx(ports={"webapp": desk.port, "prometheus": monitoring.ports["prometheus"]}).start()
    try:
        assert nginx.get("/prometheus/-/ready").status == 200
        assert nginx.get("/prometheus/api/v1/query?query=1").json["status"] == "success"
        path = "/prometheus/"
        for _ in range(5):
            answer = nginx.get(path)
            if answer.status not in (301, 302, 307, 308):
                break
            path = answer.headers["Location"]
        assert answer.status == 200
        assert path.startswith("/prometheus/")
        if "PATH_PREFIX" in answer.text:
            assert 'PATH_PREFIX = "/prometheus"' in answer.text, "its script asks the wrong place"
        targets = {
            target
            for target in re.findall(r'(?:href|src)="([^"#]+)"', answer.text)
            if not target.startswith(("http:", "https:", "data:"))
        }
        assert targets
        for target in targets:
            whole = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
            assert whole.startswith("/prometheus/"), f"{target} leads out of Prometheus"
            assert nginx.get(whole).status in (200, 302), whole
        compressed = nginx.get(path, Accept_Encoding="gzip")
        assert compressed.status == 200
    finally:
        nginx.close()
        monitoring.close()
