"""The user's own services behind the real Nginx: what they are told, what readers get, also when one is dead."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment.desk_server import request
from tests.equipment.nginx import Asked, Echo, Given, Nginx, answer_of, is_missing

from sereno.outside.access_log import AccessLog
from sereno.settings import Settings
from sereno.settings.own import Service
from sereno.watch.access import read_request

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]


def behaviour(asked: Asked) -> Given | None:
    if asked.path.startswith("/moved"):
        return Given(302, headers={"Location": asked.headers["x-to"]})
    if asked.path.startswith("/cookie"):
        return Given(headers={"Set-Cookie": asked.headers["x-set"]})
    if asked.path.startswith("/strict"):
        own = {
            "Content-Security-Policy": "default-src 'self'",
            "Cache-Control": "max-age=60",
            "X-Frame-Options": "DENY",
        }
        return Given(body=b"strict", headers=own | {"X-Powered-By": "PHP/5", "X-Content-Type-Options": "nosniff"})
    if asked.path.startswith("/unwell"):
        return Given(503, b"its own words")
    if asked.path.startswith("/sly"):
        return Given(headers={"X-Accel-Redirect": "/_gate/grafana"})
    return None


class Gatekeeper:
    """Stands where the desk does."""

    status = 204

    def __call__(self, asked: Asked) -> Given | None:
        if asked.path.startswith("/_gate/instead"):
            return Given(303, headers={"Location": "/login?next=/private/"})
        return Given(self.status) if asked.path.startswith("/_gate/") else Given(body=b"the desk")


@pytest.fixture
def gate() -> Gatekeeper:
    return Gatekeeper()


@pytest.fixture
def desk(gate: Gatekeeper) -> Iterator[Echo]:
    server = Echo(gate)
    yield server
    server.close()


@pytest.fixture
def shop() -> Iterator[Echo]:
    server = Echo(behaviour)
    yield server
    server.close()


@pytest.fixture
def relay(shop: Echo) -> Iterator[Path]:
    """A Unix socket behind which the same service is."""
    folder = Path(tempfile.mkdtemp(prefix="relay-"))
    folder.chmod(0o755)
    file = folder / "service.sock"

    def serve(reader: socket.socket) -> None:
        with reader, socket.create_connection(("127.0.0.1", shop.port), 5) as service:
            service.sendall(reader.recv(65536))
            while part := service.recv(65536):
                reader.sendall(part)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))
        file.chmod(0o666)
        listener.listen()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    serve(listener.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield file
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    shutil.rmtree(folder)


@pytest.fixture
def nginx(desk: Echo, shop: Echo, relay: Path) -> Iterator[Nginx]:
    here = f"127.0.0.1:{shop.port}"
    services = (
        Service(name="shop", upstream=here, metrics_path="/metrics", body_limit="100k"),
        Service(name="wiki", upstream=here, path="/a/wiki", keep_path=True),
        Service(name="private", upstream=f"localhost:{shop.port}", access="operators", health_path="/well"),
        Service(name="socket", upstream=f"unix:{relay}", metrics_path="/numbers"),
        Service(name="blog", upstream=here, domain="blog.example.org"),
        Service(name="nobody", upstream="no-such-host.invalid:80"),
        Service(name="silent", upstream="127.0.0.1:9", timeout="1s"),
    )
    server = Nginx(ports={"webapp": desk.port}, settings=Settings(services=services)).start()
    for page in ("service-shop", "service-silent", "service-nobody", "service-blog", "413", "403", "unclear"):
        server.write(f"errors/{page}.en.html", f'<link href="/static/sereno.css"><h1>{page} in English')
        server.write(f"errors/{page}.es.html", f"<h1>{page} en español")
    server.write("static/sereno.css", "body {}")
    yield server
    server.close()


def test_it_is_asked_below_its_own_root_with_the_address_as_it_was_sent(nginx: Nginx) -> None:
    asked = nginx.get("/shop/a%2Fb//c?x=%20&y=/shop/").json
    assert (asked["method"], asked["path"]) == ("GET", "/a%2Fb//c?x=%20&y=/shop/")
    assert nginx.get("/shop/").json["path"] == "/"
    assert nginx.get("/a/wiki/page?q").json["path"] == "/a/wiki/page?q"
    assert nginx.get("/blog", Host="blog.example.org").json["path"] == "/blog"


def test_it_may_listen_on_a_unix_socket(nginx: Nginx) -> None:
    assert nginx.get("/socket/x?y").json["path"] == "/x?y"


def test_without_its_slash_it_leads_to_itself(nginx: Nginx) -> None:
    assert nginx.get("/shop?x=1").headers["Location"] == "/shop/?x=1"


def test_an_address_that_only_nginx_would_take_for_its_own_is_not_guessed_at(nginx: Nginx) -> None:
    assert nginx.get("/x/../shop/").status == 400
    assert nginx.get("/shop/../").text == "the desk"


def test_it_is_told_who_asks_and_how_whatever_the_reader_says(nginx: Nginx) -> None:
    answer = nginx.get(
        "/shop/", Host="desk.test:8443", X_Forwarded_For="6.6.6.6", X_Request_ID="mine", Forwarded="for=6"
    )
    told = answer.json["headers"]
    assert told["host"] == told["x-forwarded-host"] == "desk.test:8443"
    assert told["x-forwarded-for"] == told["x-real-ip"] == "127.0.0.1"
    assert (told["x-forwarded-proto"], told["x-forwarded-prefix"]) == ("https", "/shop")
    assert told["x-request-id"] == answer.headers["X-Request-ID"] != "mine"
    assert "forwarded" not in told
    assert "x-forwarded-prefix" not in nginx.get("/a/wiki/").json["headers"]


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        ("a=1; sereno_session=secret; b=2", "a=1; b=2"),
        ("sereno_session=secret", None),
        ("sereno_session=secret; b=2", "b=2"),
        ("a=1; sereno_form=secret;sereno_session=secret", "a=1"),
        ("a=sereno_session; not_sereno_session=1", "a=sereno_session; not_sereno_session=1"),
        ("sereno_session=1; sereno_session=2; sereno_form=3; b=2", None),
    ],
)
def test_the_desks_cookies_are_the_desks(nginx: Nginx, sent: str, passed: str | None) -> None:
    assert nginx.get("/shop/", Cookie=sent).json["headers"].get("cookie") == passed


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("/login?next=/x", "/shop/login?next=/x"),
        ("/", "/shop/"),
        ("/shop/login", "/shop/login"),
        ("/shopping", "/shop/shopping"),
        ("next", "next"),
        ("https://desk.test:8443/x", "/shop/x"),
        ("http://desk.test:8443/x", "/shop/x"),
        ("https://desk.test:8443/shop/x", "/shop/x"),
        ("https://accounts.example.org/x", "https://accounts.example.org/x"),
        ("//cdn.example.org/x", "//cdn.example.org/x"),
    ],
)
def test_its_redirects_stay_below_its_path_and_those_elsewhere_are_left_alone(
    nginx: Nginx, said: str, becomes: str
) -> None:
    assert nginx.get("/shop/moved", Host="desk.test:8443", X_To=said).headers["Location"] == becomes


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("sereno_session=x; Path=/", "sereno_session=x; Path=/shop/"),
        ("a=1; Path=/admin; Secure", "a=1; Path=/shop/admin; Secure"),
        ("a=1; Path=/shop", "a=1; Path=/shop"),
    ],
)
def test_its_cookies_are_its_own(nginx: Nginx, said: str, becomes: str) -> None:
    assert nginx.get("/shop/cookie", X_Set=said).headers["Set-Cookie"] == becomes


def test_what_it_says_of_safety_and_caching_stays_and_is_said_once(nginx: Nginx) -> None:
    headers = nginx.get("/shop/strict").headers
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers["Cache-Control"] == "max-age=60"
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "X-Powered-By" not in headers


def test_what_it_does_not_say_is_said_for_it(nginx: Nginx) -> None:
    headers = nginx.get("/shop/").headers
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("SAMEORIGIN", "nosniff")
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert not {"Content-Security-Policy", "Cache-Control", "Strict-Transport-Security"} & set(headers)


def test_a_name_of_its_own_is_promised_to_be_https_for_years(nginx: Nginx) -> None:
    assert nginx.get("/", Host="blog.example.org").headers["Strict-Transport-Security"] == "max-age=63072000"


def test_it_cannot_send_the_reader_behind_the_desks_door(nginx: Nginx, desk: Echo) -> None:
    nginx.get("/shop/sly")
    assert desk.asked == []


def test_its_measurements_are_not_told_to_readers(nginx: Nginx, shop: Echo) -> None:
    for path in ("/shop/metrics", "/shop//metrics", "/shop/%6detrics"):
        assert nginx.get(path).status == 403
    assert shop.asked == []


def test_its_own_errors_are_its_own(nginx: Nginx) -> None:
    answer = nginx.get("/shop/unwell")
    assert (answer.status, answer.text) == (503, "its own words")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_dead_one_has_a_page_that_names_it_in_the_readers_language(nginx: Nginx, shop: Echo, method: str) -> None:
    shop.close()
    english, spanish = (nginx.ask(method, "/shop/x", Accept_Language=language) for language in ("en", "es"))
    assert (english.status, spanish.status) == (502, 502)
    assert "service-shop in English" in english.text and "service-shop en español" in spanish.text
    assert "default-src 'none'" in english.headers["Content-Security-Policy"]
    assert english.headers["Cache-Control"] == "no-store"
    assert nginx.get("/").text == "the desk"


def test_on_a_name_of_its_own_the_page_brings_its_style_along(nginx: Nginx, shop: Echo) -> None:
    shop.close()
    page = nginx.get("/", Host="blog.example.org")
    assert (page.status, 'href="/_sereno/static/sereno.css"' in page.text) == (502, True)
    assert nginx.get("/_sereno/static/sereno.css", Host="blog.example.org").text == "body {}"
    assert nginx.get("/_sereno/errors/413", Host="blog.example.org").status == 404


def test_one_that_nobody_knows_keeps_nothing_from_starting(nginx: Nginx) -> None:
    answer = nginx.get("/nobody/")
    assert answer.status in (502, 504)
    assert "service-nobody in English" in answer.text


def test_too_much_is_refused_before_it_is_asked(nginx: Nginx, shop: Echo) -> None:
    assert nginx.ask("POST", "/shop/", b"x" * 100_000).status == 200
    answer = nginx.ask("POST", "/shop/", b"x" * 110_000)
    assert (answer.status, "413 in English" in answer.text) == (413, True)


def test_an_operators_service_asks_the_desk_first(nginx: Nginx, gate: Gatekeeper, desk: Echo, shop: Echo) -> None:
    assert nginx.get("/private/x", Cookie="sereno_session=s").json["path"] == "/x"
    assert (desk.asked[0].path, desk.asked[0].headers["cookie"]) == ("/_gate/service", "sereno_session=s")
    assert "cookie" not in shop.asked[0].headers
    for gate.status in (401, 403):
        answer = nginx.get("/private/x")
        assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/private/")
    assert len(shop.asked) == 1


def test_components_ask_inside_what_nobody_can_ask_outside(nginx: Nginx, shop: Echo) -> None:
    inside = f"http://127.0.0.1:{nginx.ports['nginx-status']}"
    assert request("GET", f"{inside}/health/private").json["path"] == "/well"
    assert request("GET", f"{inside}/metrics/socket").json["path"] == "/numbers"
    assert request("GET", f"{inside}/health/shop").status == 404
    assert nginx.get("/socket/numbers").status == 403


def test_the_access_log_says_whose_request_it_was(nginx: Nginx, shop: Echo) -> None:
    nginx.get("/shop/x")
    nginx.get("/", Host="blog.example.org")
    nginx.get("/")
    shop.close()
    nginx.get("/shop/y")
    assert [(line["service"], line["status"]) for line in nginx.access_log()] == [
        ("shop", 200), ("blog", 200), ("", 200), ("shop", 502),
    ]  # fmt: skip


def test_each_request_is_told_to_whoever_counts_also_after_that_one_was_away(nginx: Nginx, shop: Echo) -> None:
    file = nginx.folder / "run/access.sock"
    for _ in range(2):
        counting = AccessLog(file)
        lines = map(read_request, counting.lines())
        nginx.get("/")
        nginx.get("/shop/x")
        nginx.get("/x", Host="blog.example.org")
        seen = [next(lines), next(lines)]
        assert [(each.service, each.code) for each in seen if each] == [("shop", "2xx"), ("blog", "2xx")]
        counting.close()
        assert nginx.get("/shop/while-away").status == 200
    shop.close()
    counting = AccessLog(file)
    nginx.get("/shop/y")
    dead = read_request(next(counting.lines()))
    assert dead is not None and (dead.service, dead.code) == ("shop", "5xx")
    counting.close()


def test_plain_http_leads_to_https_on_its_own_name(nginx: Nginx) -> None:
    with socket.create_connection(("127.0.0.1", nginx.ports["nginx-http"]), 5) as plain:
        plain.sendall(b"GET /x HTTP/1.1\r\nHost: blog.example.org\r\nConnection: close\r\n\r\n")
        said = plain.recv(4096).decode()
    assert f"Location: https://blog.example.org:{nginx.ports['nginx']}/x" in said


def test_it_is_served_by_name_over_tls(nginx: Nginx) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = nginx.connection()
    connection.sock = context.wrap_socket(
        socket.create_connection(("127.0.0.1", nginx.ports["nginx"]), 5), server_hostname="blog.example.org"
    )
    connection.request("GET", "/x", headers={"Host": "blog.example.org"})
    assert answer_of(connection.getresponse()).json["headers"]["host"] == "blog.example.org"
    connection.close()
