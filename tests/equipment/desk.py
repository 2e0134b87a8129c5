"""The desk in this process, on SQLite in memory: for tests of pages and of the API that need no server."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from werkzeug.test import TestResponse

import sereno.keep.backups.tables
import sereno.respond.alerts.tables
import sereno.respond.heartbeats.tables
import sereno.respond.incidents.tables
import sereno.respond.maintenance.tables
import sereno.respond.notices.tables
import sereno.respond.status.tables
import sereno.watch.probes.tables  # noqa: F401 -- known to the metadata also when one test runs alone.
from sereno.core.clock import Clock, utc_now
from sereno.database.base import Base
from sereno.database.session import Database
from sereno.guard.hashing import hash_password
from sereno.guard.model import Role, User
from sereno.guard.store import to_user
from sereno.guard.tables import UserRow
from sereno.settings import Settings
from sereno.web import create_app
from sereno.wiring import Surroundings

ORIGIN = "https://desk.test"


def surroundings(folder: Path, *, settings: Settings | None = None, **secrets: str) -> Surroundings:
    """Surroundings whose secrets lie in `folder`; nothing of them answers."""
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    texts = {"desk-secret-key": "for tests only", "alertmanager-token": "delivery-token", **secrets}
    for name, text in texts.items():
        (folder / "secrets" / name.replace("_", "-")).write_text(text)
    return Surroundings(
        settings=settings or Settings(),
        platform="native",
        profile="small",
        lab=False,
        database_address="127.0.0.1:1",
        prometheus_url="http://127.0.0.1:1",
        alertmanager_url="http://127.0.0.1:1",
        secrets=folder / "secrets",
        www=folder / "www",
    )


def memory_database() -> Database:
    """An empty database in memory with every known table, shared by all threads of the process."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    return Database(engine)


def desk_app(
    folder: Path, *, database: Database | None = None, settings: Settings | None = None, clock: Clock = utc_now
) -> Flask:
    """The application as a test uses it."""
    app = create_app(surroundings(folder, settings=settings), database=database or memory_database(), clock=clock)
    app.testing = True
    return app


PASSWORDS = {"alice": "quiet lamps burn low", "bob": "the owl sleeps at noon", "charlie": "tres faroles azules 3"}
"""The cast: Alice administers, Bob operates, Charlie looks on."""

ROLES = {"alice": Role.ADMIN, "bob": Role.OPERATOR, "charlie": Role.VIEWER}


def add_cast(database: Database, *, now: datetime | None = None) -> dict[str, User]:
    """Alice, Bob and Charlie, with passwords that need no change."""
    moment = now or utc_now()
    cast = {}
    with database.unit_of_work() as session:
        for name in PASSWORDS:
            row = UserRow(
                name=name,
                role=ROLES[name].value,
                password_hash=_hash_of(name),
                must_change_password=False,
                disabled=False,
                created_at=moment,
                password_changed_at=moment,
            )
            session.add(row)
            session.flush()
            cast[name] = to_user(row)
    return cast


@cache
def _hash_of(name: str) -> str:
    """Made once per test run: the hash is slow on purpose."""
    return hash_password(PASSWORDS[name])


class Visitor:
    """A browser without scripts: keeps cookies, and sends a page's form token along with what it posts."""

    def __init__(self, app: Flask, *, address: str = "192.0.2.1") -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "User-Agent": "Lantern/1.0"}

    def get(self, path: str, **headers: str) -> TestResponse:
        """The page at `path`, redirects not followed."""
        return self.client.get(path, base_url=ORIGIN, headers={**self.headers, **_dashed(headers)})

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> TestResponse:
        """Send a form as a page would, its token included."""
        fields = {"csrf_token": self.token(), **(form or {})}
        return self.client.post(path, base_url=ORIGIN, data=fields, headers={**self.headers, **_dashed(headers)})

    def api(self, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
        """Call the API as a program would, the token in its header."""
        sent = {**self.headers, "X-CSRF-Token": self.token(), **_dashed(headers)}
        options = {} if body is None else {"json": body}
        return self.client.open(path, method=method, base_url=ORIGIN, headers=sent, **options)

    def sign_in(self, name: str, password: str | None = None) -> TestResponse:
        """Fill in the form."""
        return self.post("/login", {"name": name, "password": password or PASSWORDS[name]})

    def token(self) -> str:
        """A form token of this browser's own, from a page that anyone or anyone signed in can see."""
        for path in ("/login", "/password"):
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
            if found:
                return found[1]
        raise AssertionError("no page with a form")


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
