"""The one login, with the real desk, its database and the real Nginx: who gets to which tool, and when that ends."""

from __future__ import annotations

import http.cookies
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import jwt
import pytest
from tests.equipment import mariadb
from tests.equipment.desk import PASSWORDS, add_cast
from tests.equipment.desk_server import Answer, DeskServer, alert, payload
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import wait_until
from tests.equipment.nginx import Echo, Nginx, answer_of, is_missing

from sereno.core.clock import utc_now
from sereno.database.session import Database, make_engine
from sereno.guard import tokens
from sereno.guard.grafana_token import LIFETIME
from sereno.guard.model import Actor
from sereno.guard.scopes import Scope
from sereno.serve.secrets import new_private_key, public_key_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing() or is_missing(), reason="this machine lacks MariaDB or Nginx"),
]

KEY = new_private_key()
TOOLS = ("grafana", "prometheus", "alertmanager")
ADDRESSES = {"grafana": "/grafana/api/user", "prometheus": "/prometheus/api/v1/x", "alertmanager": "/alertmanager/x"}


@dataclass
class Stack:
    """Nginx before the desk, with an echo in the place of each tool."""

    desk: DeskServer
    nginx: Nginx
    tool: Echo
    database: Database

    def token(self, *scopes: Scope, name: str) -> str:
        with self.database.unit_of_work() as session:
            _, text = tokens.make(
                session,
                name=name,
                scopes=scopes,
                days=1,
                maker=tokens.COMMAND_LINE,
                actor=Actor("cli:root", "local"),
                now=utc_now(),
            )
        return text


@dataclass
class Browser:
    """Keeps its cookies."""

    nginx: Nginx
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        sent = {"Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items()), **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if self.csrf:
            sent["X-CSRF-Token"] = self.csrf
        connection = self.nginx.connection()
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {key.replace("_", "-"): value for key, value in sent.items()})
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                for name, morsel in http.cookies.SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return answer_of(response)
        finally:
            connection.close()

    def sign_in(self, name: str) -> Browser:
        entered = self.ask("POST", "/api/v1/session", {"name": name, "password": PASSWORDS[name]})
        assert entered.status == 201, entered.text
        self.csrf = entered.json["csrf_token"]
        return self

    def tools(self) -> set[str]:
        """Those that open now."""
        return {name for name in TOOLS if self.ask("GET", ADDRESSES[name]).status == 200}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    server = MariaDb().create()
    folder = tmp_path_factory.mktemp("one login")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "grafana-jwt-private.pem").write_text(KEY)
    desk = DeskServer(folder, server).start()
    tool = Echo()
    nginx = Nginx(ports={"webapp": desk.port} | dict.fromkeys(TOOLS, tool.port)).start()
    engine = make_engine(server.url)
    database = Database(engine)
    add_cast(database)
    yield Stack(desk, nginx, tool, database)
    engine.dispose()
    nginx.close()
    tool.close()
    desk.close()
    server.close()


@pytest.mark.parametrize(
    ("name", "opens", "role"),
    [("charlie", {"grafana"}, "Viewer"), ("bob", set(TOOLS), "Editor"), ("alice", set(TOOLS), "Admin")],
)
def test_each_role_gets_to_its_tools_and_grafana_is_told_which(
    stack: Stack, name: str, opens: set[str], role: str
) -> None:
    browser = Browser(stack.nginx).sign_in(name)
    assert browser.tools() == opens
    told = browser.ask("GET", ADDRESSES["grafana"]).json["headers"]
    read = jwt.decode(
        told["x-jwt-assertion"], public_key_of(KEY), algorithms=["RS256"], audience="grafana", issuer="sereno-desk"
    )
    assert (read["login"], read["role"]) == (f"{name}@desk", role)
    assert read["exp"] - read["iat"] <= LIFETIME.total_seconds() <= 60, "a copied one is soon worth nothing"
    assert "cookie" not in told, "Grafana never sees the session"


def test_an_ended_session_ends_at_the_tools_too(stack: Stack) -> None:
    browser = Browser(stack.nginx).sign_in("bob")
    kept = dict(browser.cookies)
    assert browser.tools() == set(TOOLS)
    assert browser.ask("DELETE", "/api/v1/session").status == 204
    thief = Browser(stack.nginx, kept)
    assert thief.tools() == set()
    assert thief.ask("GET", ADDRESSES["grafana"], Sec_Fetch_Mode="cors").status == 401


def test_a_disabled_account_ends_at_the_tools_too(stack: Stack) -> None:
    alice = Browser(stack.nginx).sign_in("alice")
    users = {user["name"]: user["id"] for user in alice.ask("GET", "/api/v1/users").json["users"]}
    charlie = Browser(stack.nginx).sign_in("charlie")
    assert charlie.tools() == {"grafana"}
    assert alice.ask("PATCH", f"/api/v1/users/{users['charlie']}", {"disabled": True}).status == 200
    assert charlie.tools() == set()
    assert alice.ask("PATCH", f"/api/v1/users/{users['charlie']}", {"disabled": False}).status == 200
    assert charlie.tools() == set(), "what has ended stays so"
    assert charlie.sign_in("charlie").tools() == {"grafana"}


def test_a_role_taken_away_is_gone_at_the_tools_too(stack: Stack) -> None:
    alice, bob = Browser(stack.nginx).sign_in("alice"), Browser(stack.nginx).sign_in("bob")
    users = {user["name"]: user["id"] for user in alice.ask("GET", "/api/v1/users").json["users"]}
    for role, opens in (("viewer", {"grafana"}), ("operator", set(TOOLS))):
        assert alice.ask("PATCH", f"/api/v1/users/{users['bob']}", {"role": role}).status == 200
        assert bob.tools() == opens


def test_a_token_opens_the_api_through_nginx_and_no_tool(stack: Stack) -> None:
    everything = stack.token(*Scope, name="everything")
    bearer = f"Bearer {everything}"
    assert stack.nginx.get("/api/v1/users", Authorization=bearer).status == 200
    assert stack.nginx.get("/api/v1/users", Authorization="Bearer srn_opens-nothing").status == 401
    before = len(stack.tool.asked)
    for address in ADDRESSES.values():
        assert stack.nginx.get(address, Authorization=bearer).status in (303, 401, 403)
    assert len(stack.tool.asked) == before, "a tool was asked"


def test_no_delivery_by_token_is_turned_away_for_coming_fast(stack: Stack) -> None:
    bearer = f"Bearer {stack.token(Scope.ALERTS_WRITE, name='deliverer')}"
    body = json.dumps(payload(alert("00000000000000aa"))).encode()

    def deliver(_number: int) -> int:
        sent = {"Authorization": bearer, "Content-Type": "application/json"}
        return stack.nginx.ask("POST", "/api/v1/alertmanager", body, **sent).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(deliver, range(160)))
    assert set(statuses) == {200}, "more than the API's burst of 100 at 20 a second"


def test_the_last_use_is_from_the_clients_address(stack: Stack) -> None:
    bearer = f"Bearer {stack.token(Scope.READ, name='reader')}"
    forged = {"Authorization": bearer, "X-Forwarded-For": "203.0.113.9"}
    assert stack.nginx.ask("GET", "/api/v1/alerts", None, **forged).status == 200

    def used() -> str | None:
        with stack.database.unit_of_work() as session:
            return tokens.token_named(session, "reader").last_address

    assert wait_until("the use is noted", used) == "127.0.0.1"
