"""Nginx as the only one who listens to the world: where it sends people, what it says, what it refuses."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.nginx import Asked, Echo, Given, Nginx, answer_of, is_missing

from sereno.settings import Settings
from sereno.settings.model import Site
from sereno.web.headers import CONTENT_SECURITY_POLICY

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]

MEBIBYTE = 1024 * 1024


def desk(asked: Asked) -> Given | None:
    """Stands where the desk does; some of its answers say more than outsiders should hear."""
    if asked.path.startswith("/talkative"):
        return Given(
            headers={
                "Server": "gunicorn/99",
                "X-Powered-By": "a framework",
                "X-Sereno-Route": "/talkative/<name>",
                "X-Sereno-Assertion": "signed",
                "X-Frame-Options": "SAMEORIGIN",
                "X-Request-ID": "another",
                "Content-Security-Policy": "default-src 'self'",
                "Cache-Control": "no-store",
            }
        )
    if asked.path == "/long":
        return Given(body=b"sereno " * 1000, headers={"Content-Type": "text/html; charset=utf-8"})
    return None


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo(desk)
    yield server
    server.close()


@pytest.fixture(scope="module")
def nginx(echo: Echo) -> Iterator[Nginx]:
    server = Nginx(settings=Settings(site=Site(domain="desk.test")), ports={"webapp": echo.port}).start()
    yield server
    server.close()


def plain(nginx: Nginx, path: str, host: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.ports["nginx-http"], timeout=10)
    connection.request("GET", path, headers={"Host": host})
    return connection.getresponse()


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "desk.test", "192.0.2.7:8080"])
def test_plain_http_leads_to_the_same_address_over_https(nginx: Nginx, host: str) -> None:
    response = plain(nginx, "/alerts?since=1h&x=%2F", host)
    name = host.partition(":")[0]
    assert response.status == 301
    assert response.headers["Location"] == f"https://{name}:{nginx.ports['nginx']}/alerts?since=1h&x=%2F"
    assert "Strict-Transport-Security" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"


def test_plain_http_on_the_port_of_https_is_led_on_as_well(nginx: Nginx) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.ports["nginx"], timeout=10)
    connection.request("GET", "/desk", headers={"Host": "localhost:8443"})
    response = connection.getresponse()
    assert (response.status, response.headers["Location"]) == (301, f"https://localhost:{nginx.ports['nginx']}/desk")


def test_every_answer_carries_the_safety_headers(nginx: Nginx) -> None:
    for path in ("/", "/anything", "/metrics", "/static/absent.css", "/api/v1/anything"):
        headers = nginx.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert len(headers["X-Request-ID"]) == 32


def test_pages_of_nginx_own_have_the_desks_content_policy(nginx: Nginx) -> None:
    assert nginx.get("/metrics").headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_headers_of_a_neighbour_that_concern_nobody_stay_here(nginx: Nginx) -> None:
    headers = nginx.get("/talkative").headers
    assert headers["Server"] == "nginx"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Request-ID"] != "another"
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers["Cache-Control"] == "no-store"
    assert not {"X-Powered-By", "X-Sereno-Route", "X-Sereno-Assertion"} & set(headers)


def test_only_the_configured_name_is_held_to_https_for_ever(nginx: Nginx) -> None:
    def promise(host: str) -> str | None:
        return nginx.get("/", Host=host).headers.get("Strict-Transport-Security")

    assert promise("desk.test") == "max-age=63072000"
    assert promise(f"DESK.test:{nginx.ports['nginx']}") == "max-age=63072000"
    for host in ("localhost:8443", "127.0.0.1", "other.test"):
        assert promise(host) is None


def test_the_desk_is_told_who_asks_and_nothing_that_was_made_up(nginx: Nginx) -> None:
    forged = {
        "X_Forwarded_For": "10.0.0.1",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.test",
        "X_Forwarded_Port": "1",
        "X_Forwarded_Prefix": "/evil",
        "X_Real_IP": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
        "X_Request_ID": "chosen-by-a-stranger",
        "X_JWT_Assertion": "forged",
        "Upgrade": "h2c",
    }
    told = json.loads(nginx.get("/echo", Host="localhost:8443", **forged).text)["headers"]
    assert told["host"] == told["x-forwarded-host"] == "localhost:8443"
    assert told["x-forwarded-for"] == told["x-real-ip"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "https"
    assert told["x-request-id"] != "chosen-by-a-stranger"
    for name in ("x-forwarded-port", "x-forwarded-prefix", "forwarded", "x-jwt-assertion", "upgrade", "connection"):
        assert name not in told


def test_the_answer_names_the_request_as_the_desk_was_told(nginx: Nginx) -> None:
    answer = nginx.get("/echo")
    assert answer.json["headers"]["x-request-id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics?x=1", "//metrics", "/%6detrics", "/./readyz", "/readyz", "/_gate", "/_gate/grafana",
             "/_gate/copy/es", "/_gate/instead", "/x/../_gate/grafana"]
)  # fmt: skip
def test_what_is_of_components_is_refused_from_outside(nginx: Nginx, echo: Echo, path: str) -> None:
    before = len(echo.asked)
    assert nginx.get(path).status in (403, 404)
    assert len(echo.asked) == before, "the desk was asked"


def test_health_may_be_asked_from_outside_of_the_desk_and_of_nginx_alone(nginx: Nginx, echo: Echo) -> None:
    assert nginx.get("/healthz").status == 200
    assert echo.asked[-1].path == "/healthz"
    before = len(echo.asked)
    assert nginx.get("/_alive").status == 200
    assert len(echo.asked) == before


@pytest.mark.parametrize("path", ["/api/v1/alertmanager", "/api/v1/users", "/login", "/"])
def test_a_body_of_a_mebibyte_is_the_largest(nginx: Nginx, path: str) -> None:
    assert nginx.ask("POST", path, b"x" * MEBIBYTE).status == 200
    refused = nginx.ask("POST", path, b"x" * (MEBIBYTE + 1))
    assert refused.status == 413
    if path.startswith("/api/"):
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json["status"] == 413
        assert refused.json["request_id"] == refused.headers["X-Request-ID"]


def test_text_is_compressed_for_those_who_can_read_it(nginx: Nginx) -> None:
    small = nginx.get("/long", Accept_Encoding="gzip")
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert len(small.body) < 1000
    assert "Content-Encoding" not in nginx.get("/long").headers


def test_each_request_is_one_line_of_json_in_the_access_log(nginx: Nginx) -> None:
    answer = nginx.get('/talkative?password=secret&quote="', User_Agent='says "hello"')
    identifier = answer.headers["X-Request-ID"]

    def line() -> dict[str, object] | None:
        return next((one for one in nginx.access_log() if one["request_id"] == identifier), None)

    logged = wait_until("the line is written", line)
    assert logged["path"] == "/talkative"
    assert (logged["method"], logged["status"], logged["client"]) == ("GET", 200, "127.0.0.1")
    assert logged["route"] == "/talkative/<name>"
    assert logged["upstream"] == f"127.0.0.1:{nginx.ports['webapp']}"
    assert float(logged["upstream_seconds"]) >= 0
    assert logged["bytes"] > 0
    assert logged["user_agent"] == 'says "hello"'
    assert "secret" not in json.dumps(logged)


def test_http_2_is_spoken(nginx: Nginx) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", nginx.ports["nginx"]), 5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"


def test_counters_are_for_the_exporter_alone(nginx: Nginx) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.ports["nginx-status"], timeout=5)
    connection.request("GET", "/stub_status")
    assert b"Active connections" in connection.getresponse().read()
    assert "Active connections" not in nginx.get("/stub_status").text


def test_a_location_of_the_users_own_is_part_of_the_server(echo: Echo) -> None:
    nginx = Nginx(ports={"webapp": echo.port})
    try:
        (nginx.folder / "etc/nginx/conf.d/locations/shop.conf").write_text('location /shop/ { return 200 "open"; }')
        (nginx.folder / "etc/nginx/conf.d/extra.conf").write_text("map $uri $mine { default 1; }")
        assert nginx.check() == ""
        nginx.start()
        answer = nginx.get("/shop/")
        assert (answer.status, answer.text) == (200, "open")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    finally:
        nginx.close()


def test_many_requests_on_one_connection_are_answered(nginx: Nginx) -> None:
    connection = nginx.connection()
    try:
        for number in range(20):
            connection.request("GET", f"/echo/{number}")
            assert answer_of(connection.getresponse()).json["path"] == f"/echo/{number}"
    finally:
        connection.close()
