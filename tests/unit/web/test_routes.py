"""Every route, with nobody, every role and a token of every scope, against the one table in `routes.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import ROLES, Visitor, add_cast, desk_app, memory_database
from tests.unit.web.routes import ROUTES

from sereno.core.clock import utc_now
from sereno.database.session import Database
from sereno.guard import sessions, tokens
from sereno.guard.model import Actor, Role, User
from sereno.guard.scopes import ROLE_OF, Scope, granted
from sereno.guard.tables import UserRow
from sereno.web.auth import SESSION_COOKIE, UNSAFE_METHODS, declared_access

Begin = Callable[[str], Visitor]
SECRET = "delivery-token"


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    method: str
    address: str
    least: str
    scope: str

    @property
    def path(self) -> str:
        """The address with values that nothing has."""
        return re.sub(r"<[^>]+>", "nothing-of-that-name", re.sub(r"<int:[^>]+>", "987654", self.address))


@dataclass(frozen=True)
class Caller:
    """Who comes, and with what."""

    name: str
    role: Role | None = None
    scopes: frozenset[Scope] | None = None
    secret: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def may(self, line: Line) -> bool:
        """What the table says."""
        if line.least == "everyone":
            return True
        if self.scopes is not None:
            return line.scope in self.scopes and (line.least == "secret" or self.role >= Role(line.least))
        if line.least == "secret":
            return self.secret
        return self.role is not None and self.role >= Role(line.least)


LINES = [Line(*line.split()) for line in ROUTES.strip().splitlines()]


def test_every_route_has_a_line_and_every_line_a_route(app: Flask) -> None:
    present = {
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    lines = [(line.method, line.address) for line in LINES]
    assert sorted(lines) == sorted(present), "tests/unit/web/routes.py says who may call what"
    assert [line.address for line in LINES] == sorted(line.address for line in LINES)


def test_what_strangers_may_change_is_a_short_list() -> None:
    changes = {line.address for line in LINES if line.least == "everyone" and line.method in UNSAFE_METHODS}
    assert changes == {"/login", "/api/v1/session"}


def callers(database: Database, cast: dict[str, User]) -> list[Caller]:
    moment = utc_now()
    found = [Caller("nobody"), Caller("secret", secret=True, headers={"Authorization": f"Bearer {SECRET}"})]
    maker = tokens.Maker(Role.ADMIN, cast["alice"].id)
    actor = Actor("alice", "192.0.2.1")
    with database.unit_of_work() as session:
        for name, user in cast.items():
            row = session.get(UserRow, user.id)
            text = sessions.begin(session, row, address="192.0.2.1", user_agent="", now=moment)
            found.append(Caller(name, role=ROLES[name], headers={"Cookie": f"{SESSION_COOKIE}={text}"}))
        for scope in Scope:
            made, text = tokens.make(
                session, name=scope.replace(":", "-"), scopes=[scope], days=1, maker=maker, actor=actor, now=moment
            )
            found.append(
                Caller(
                    f"token {scope}",
                    role=made.role,
                    scopes=granted([scope]),
                    headers={"Authorization": f"Bearer {text}"},
                )
            )
    return found


def test_everyone_gets_exactly_as_far_as_the_table_says(tmp_path: Path) -> None:
    database = memory_database()
    cast = add_cast(database)
    app = desk_app(tmp_path, database=database)
    app.config["WTF_CSRF_METHODS"] = set()  # Who may is asked here; forged requests have tests of their own.
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _marked(view)
    client = app.test_client(use_cookies=False)
    wrong = []
    for caller in callers(database, cast):
        for line in LINES:
            answer = client.open(line.path, method=line.method, base_url="https://desk.test", headers=caller.headers)
            entered = answer.status_code == 218
            refused = answer.status_code in (401, 403) or answer.headers.get("Location", "").startswith("/login")
            if entered != caller.may(line) or entered == refused:
                wrong.append((caller.name, line.method, line.address, answer.status))
    assert wrong == []


def _marked(view: Callable[..., object]) -> Callable[..., object]:
    """A view in the place of `view`, with its declaration, which only says that it was reached."""

    def reached(**_path: object) -> tuple[str, int]:
        return "reached", 218

    reached.access = declared_access(view)  # type: ignore[attr-defined]
    return reached


def test_no_page_that_an_administrator_may_open_falls_over(signed_in: Begin) -> None:
    alice = signed_in("alice")
    for line in LINES:
        if line.method == "GET" and line.least != "secret":
            assert alice.get(line.path).status_code < 500 or line.address == "/readyz", line.address


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_gives_no_more_than_its_role(scope: Scope) -> None:
    for line in LINES:
        if line.scope == scope and line.least in {role.value for role in Role}:
            assert Role(line.least) <= ROLE_OF[scope] or scope is Scope.READ, line
