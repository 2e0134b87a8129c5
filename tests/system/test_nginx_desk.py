"""Nginx, the real desk and its database together: one login for everything, forged headers, the desk's files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import jwt
import pytest
from tests.equipment import mariadb
from tests.equipment.desk import PASSWORDS, add_cast
from tests.equipment.desk_server import Answer, DeskServer, alert, payload
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import free_port, wait_until
from tests.equipment.nginx import Echo, Nginx, is_missing

from sereno.database.session import Database, make_engine
from sereno.serve.secrets import new_private_key, public_key_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(is_missing() or mariadb.is_missing(), reason="this machine has no Nginx or no MariaDB"),
]

KEY = new_private_key()


class House:
    """What the tests share: the servers, and the tool behind them that tells what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.tool = Echo()
        self.database = MariaDb().create()
        tools = dict.fromkeys(("grafana", "prometheus", "alertmanager"), self.tool.port)
        self.nginx = Nginx(ports={"webapp": free_port(), **tools})
        self.desk = DeskServer(
            folder / "desk",
            self.database,
            port=self.nginx.ports["webapp"],
            extra={"SERENO_WWW": str(self.nginx.folder / "www")},
        )
        self.desk.environment()
        (folder / "desk/secrets/grafana-jwt-private.pem").write_text(KEY)

    def open(self) -> House:
        self.desk.start()
        database = Database(make_engine(self.database.url))
        add_cast(database)
        database.engine.dispose()
        self.nginx.start()
        return self

    def close(self) -> None:
        self.nginx.close()
        self.desk.close()
        self.database.close()
        self.tool.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    built = House(tmp_path_factory.mktemp("house"))
    try:
        yield built.open()
    finally:
        built.close()


class Browser:
    """Keeps cookies, and fills in forms with their tokens."""

    def __init__(self, house: House) -> None:
        self.nginx = house.nginx
        self.host = f"localhost:{house.nginx.ports['nginx']}"
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        cookies = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        sent = {"Host": self.host, **({"Cookie": cookies} if cookies else {}), **headers}
        answer = self.nginx.ask(method, path, body, **sent)
        for name, morsel in SimpleCookie(re.sub(r", (?=\w+=)", "\n", answer.headers.get("Set-Cookie", ""))).items():
            self.cookies[name] = morsel.value
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def sign_in(self, name: str, next_path: str = "/desk") -> Answer:
        page = self.get("/login")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None, page.text
        fields = {"csrf_token": token[1], "name": name, "password": PASSWORDS[name], "next": next_path}
        answer = self.ask(
            "POST",
            "/login",
            urlencode(fields).encode(),
            Content_Type="application/x-www-form-urlencoded",
            Origin=f"https://{self.host}",
        )
        assert answer.status == 303, f"{answer.status}: {answer.text}"
        return answer


def test_a_stranger_is_sent_to_sign_in_and_comes_back_to_what_was_wanted(house: House) -> None:
    browser = Browser(house)
    sent = browser.get("/grafana/d/system?orgId=1&from=now-6h")
    assert (sent.status, sent.headers["Location"]) == (
        303,
        "/login?next=%2Fgrafana%2Fd%2Fsystem%3ForgId%3D1%26from%3Dnow-6h",
    )
    back = browser.sign_in("alice", "/grafana/d/system?orgId=1&from=now-6h")
    assert (back.status, back.headers["Location"]) == (303, "/grafana/d/system?orgId=1&from=now-6h")
    assert browser.get("/grafana/d/system?orgId=1&from=now-6h").json["path"] == "/grafana/d/system?orgId=1&from=now-6h"


@pytest.mark.parametrize(("name", "role"), [("charlie", "Viewer"), ("bob", "Editor"), ("alice", "Admin")])
def test_grafana_is_told_by_a_signed_token_who_comes(house: House, name: str, role: str) -> None:
    browser = Browser(house)
    browser.sign_in(name)
    told = browser.get("/grafana/api/user", X_JWT_Assertion="forged").json["headers"]
    claims = jwt.decode(
        told["x-jwt-assertion"], public_key_of(KEY), algorithms=["RS256"], audience="grafana", issuer="sereno-desk"
    )
    assert (claims["login"], claims["role"]) == (f"{name}@desk", role)
    assert "cookie" not in told


def test_roles_decide_which_tools_open(house: House) -> None:
    opened = {name: _opened(house, name) for name in PASSWORDS}
    everything = ["/grafana/", "/prometheus/x", "/alertmanager/x"]
    assert opened == {"alice": everything, "bob": everything, "charlie": ["/grafana/"]}


def _opened(house: House, name: str) -> list[str]:
    browser = Browser(house)
    browser.sign_in(name)
    answers = {path: browser.get(path) for path in ("/grafana/", "/prometheus/x", "/alertmanager/x")}
    for answer in answers.values():
        assert answer.status == 200 or (answer.status == 403 and "Ask an administrator" in answer.text)
    return [path for path, answer in answers.items() if answer.status == 200]


FORGERIES = (
    {"X_JWT_Assertion": "forged"},
    {"X_Sereno_Assertion": "forged"},
    {"X_WEBAUTH_USER": "admin"},
    {"X_Forwarded_User": "admin"},
    {"Remote_User": "admin"},
    {"X_Original_URI": "/desk"},
    {"X_Forwarded_For": "127.0.0.1"},
    {"X_Forwarded_Host": "localhost"},
    {"Authorization": "Bearer delivery-token"},
    {"Authorization": "Basic YWRtaW46YWRtaW4xMjM="},
    {"Cookie": "sereno_session=forged"},
    {"Cookie": "sereno_session="},
    {"Cookie": "grafana_session=forged"},
)


@pytest.mark.parametrize("forgery", FORGERIES, ids=str)
def test_a_forged_header_opens_nothing(house: House, forgery: dict[str, str]) -> None:
    before = len(house.tool.asked)
    for path in ("/grafana/api/user", "/prometheus/api/v1/query?query=up", "/alertmanager/api/v2/alerts"):
        assert house.nginx.get(path, **forgery).status in (401, 303), path
    for path in ("/desk", "/users", "/audit"):
        assert house.nginx.get(path, **forgery).status == 303, path
    assert house.nginx.get("/api/v1/users", **forgery).status == 401
    assert len(house.tool.asked) == before, "a tool was asked"


def test_a_script_of_a_tools_page_is_told_that_the_session_has_ended(house: House) -> None:
    answer = house.nginx.ask("POST", "/grafana/api/ds/query", b"{}", Sec_Fetch_Mode="cors")
    assert answer.status == 401
    assert answer.json["next_step"] == "sign in at /login, then try again"


def test_who_signs_out_is_out_of_the_tools_at_once(house: House) -> None:
    browser = Browser(house)
    browser.sign_in("alice")
    assert browser.get("/grafana/").status == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/desk").text)
    assert token is not None
    old = dict(browser.cookies)
    browser.ask(
        "POST",
        "/logout",
        urlencode({"csrf_token": token[1]}).encode(),
        Content_Type="application/x-www-form-urlencoded",
        Origin=f"https://{browser.host}",
    )
    browser.cookies = old
    assert browser.get("/grafana/").status == 303


def test_whose_account_is_disabled_is_out_of_the_tools_at_once(house: House) -> None:
    bob, alice = Browser(house), Browser(house)
    bob.sign_in("bob")
    alice.sign_in("alice")
    assert bob.get("/prometheus/x").status == 200
    token = alice.get("/api/v1/session").json["csrf_token"]
    users = {user["name"]: user["id"] for user in alice.get("/api/v1/users").json["users"]}

    def set_disabled(disabled: bool) -> Answer:
        body = json.dumps({"disabled": disabled}).encode()
        headers = {"Content_Type": "application/json", "X_CSRF_Token": token, "Origin": f"https://{alice.host}"}
        return alice.ask("PATCH", f"/api/v1/users/{users['bob']}", body, **headers)

    assert set_disabled(True).status == 200
    before = len(house.tool.asked)
    assert bob.get("/prometheus/x").status == 303
    assert bob.get("/grafana/").status == 303
    assert len(house.tool.asked) == before, "a tool was asked"
    assert set_disabled(False).status == 200
    assert bob.get("/grafana/").status == 303, "the session has ended for good"


def test_nobodys_page_is_shown_to_another(house: House) -> None:
    browser = Browser(house)
    browser.sign_in("alice")
    assert "alice" in browser.get("/").text
    for _ in range(3):
        assert "alice" not in house.nginx.get("/").text


def test_the_desks_static_files_and_error_pages_are_served_by_nginx(house: House) -> None:
    sheet = re.search(r'href="(/static/sereno\.[0-9a-f]+\.css)"', house.nginx.get("/login").text)
    assert sheet is not None
    answer = house.nginx.get(sheet[1])
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "X-Sereno-Route" not in answer.headers
    refused = house.nginx.get("/metrics", Accept_Language="es")
    assert refused.status == 403
    assert '<html lang="es"' in refused.text


def test_every_header_comes_once(house: House) -> None:
    for path in ("/", "/login", "/api/v1/openapi.json", "/status.json"):
        for name, text in house.nginx.get(path).headers.items():
            if name in ("X-Frame-Options", "X-Content-Type-Options", "X-Request-ID", "Content-Security-Policy"):
                assert "," not in text, (path, name, text)
            if name == "Cache-Control":
                assert text in ("no-store", "no-cache", "public, max-age=0, must-revalidate"), (path, text)


def test_the_access_log_names_the_route(house: House) -> None:
    identifier = house.nginx.get("/runbooks/HighCpuUsage?from=mail").headers["X-Request-ID"]
    line = wait_until("it is logged", lambda: [x for x in house.nginx.access_log() if x["request_id"] == identifier])[0]
    assert line["route"].startswith("/runbooks/<")
    assert line["path"] == "/runbooks/HighCpuUsage"


def test_an_alert_may_be_delivered_from_outside_with_the_token_alone(house: House) -> None:
    body = json.dumps(payload(alert("abc"))).encode()
    headers = {"Content_Type": "application/json"}
    assert house.nginx.ask("POST", "/api/v1/alertmanager", body, **headers).status == 401
    delivered = house.nginx.ask("POST", "/api/v1/alertmanager", body, Authorization="Bearer delivery-token", **headers)
    assert delivered.status in (200, 202, 204)


def test_while_the_desk_is_down_tools_show_the_way_through_ssh(house: House) -> None:
    house.desk.stop("webapp")
    try:
        answer = house.nginx.get("/grafana/", Accept_Language="es")
        assert answer.status == 503
        assert '<html lang="es"' in answer.text
        assert "ssh -L 3000:localhost:3000" in answer.text
        assert house.nginx.get("/").status == 503, "the worker has written no copy here"
    finally:
        house.desk.start()
    assert house.nginx.get("/login").status == 200
