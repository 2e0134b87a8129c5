"""The whole API held against its own description, by thousands of requests made up from it (Schemathesis).

Whoever asks, with a session or with an API token: nothing makes the desk fail, and every answer, its status, its
content type and its body are such as the description names.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.equipment import mariadb
from tests.equipment.desk import PASSWORDS, add_cast
from tests.equipment.desk_server import ROOT, TOKEN, DeskServer, alert, payload
from tests.equipment.mariadb import MariaDb

from sereno.core.clock import utc_now
from sereno.database.session import Database, make_engine
from sereno.guard import tokens
from sereno.guard.model import Actor
from sereno.guard.scopes import Scope
from sereno.keep.backups import store as backups
from sereno.keep.backups.folder import told_record
from sereno.keep.backups.model import Condition

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
]

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance"
)
EXAMPLES = 4
"""Further requests of each operation, after those that try each value's edges one by one."""

ENDS_ITSELF = (
    "session_api_end",
    "session_api_change_password",
    "users_api_change",
    "users_api_delete",
    "users_api_reset",
    "tokens_api_revoke",
)
"""What may end whoever asks, since Schemathesis tries the numbers that it finds in answers. Asked for at the end."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    server = MariaDb().create()
    running = DeskServer(tmp_path_factory.mktemp("described") / "desk", server).start()
    engine = make_engine(server.url)
    database = Database(engine)
    cast = add_cast(database)
    with database.unit_of_work() as session:
        # As the worker tells it; without, asking for a backup is answered 503.
        record = told_record(Condition(since=utc_now()), folder="/var/backups", at="03:15")
        backups.tell(session, record, now=utc_now())
        _, text = tokens.make(
            session,
            name="everything",
            scopes=list(Scope),
            days=1,
            maker=tokens.Maker(cast["alice"].role, cast["alice"].id),
            actor=Actor("alice", "192.0.2.1"),
            now=utc_now(),
        )
    engine.dispose()
    running.extra["token"] = text
    assert running.deliver(payload(alert("0123456789abcdef"))).status == 200
    yield running
    running.close()
    server.close()


def headers_of(desk: DeskServer, name: str) -> dict[str, str]:
    """What shows who asks."""
    if name == "nobody":
        return {}
    if name in ("token", "alertmanager"):
        return {"Authorization": f"Bearer {desk.extra['token'] if name == 'token' else TOKEN}"}
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=20)
    body = json.dumps({"name": name, "password": PASSWORDS[name]})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    entered = connection.getresponse()
    assert entered.status == 201, entered.read()
    cookies = [cookie.partition(";")[0] for cookie in entered.headers.get_all("Set-Cookie", [])]
    return {"Cookie": "; ".join(cookies), "X-CSRF-Token": json.loads(entered.read())["csrf_token"]}


@pytest.mark.parametrize("name", ["nobody", "charlie", "bob", "alice", "token"])
def test_every_answer_is_such_as_described(desk: DeskServer, tmp_path: Path, name: str) -> None:
    # What nobody may is refused at the door, before any value is looked at.
    phases = "coverage" if name == "nobody" else "coverage,fuzzing"
    spared = [] if name == "nobody" else [f"--exclude-operation-id={each}" for each in ENDS_ITSELF]
    report = hold_to_description(desk, tmp_path, headers_of(desk, name), "--phases", phases, *spared)
    entered = {path for path, status in answers(report) if status < 400}
    lists = {"/api/v1/alerts", "/api/v1/probes", "/api/v1/backups"}
    for_administrators = {"/api/v1/users", "/api/v1/audit"}
    assert (lists & entered) == (set() if name == "nobody" else lists), "who may got in, and nobody else"
    assert (for_administrators & entered) == (for_administrators if name in ("alice", "token") else set())


def test_also_of_what_may_end_whoever_asks(desk: DeskServer, tmp_path: Path) -> None:
    """Last: afterwards nobody of the cast may be left."""
    asked = [f"--include-operation-id={each}" for each in ENDS_ITSELF]
    hold_to_description(desk, tmp_path, headers_of(desk, "alice"), "--phases", "coverage,fuzzing", *asked)


def hold_to_description(desk: DeskServer, folder: Path, headers: dict[str, str], *options: str) -> Path:
    """Ask for whatever the description allows and more, with these headers; answers the record of it."""
    report = folder / "report.har"
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{desk.url}/api/v1/openapi.json"),
        *("--checks", CHECKS, "--max-examples", str(EXAMPLES)),
        # One thread: two that describe functions at once make Python 3.11 raise SystemError.
        *("--workers", "1", "--seed", "1", "--no-shrink", "--continue-on-failure", "--warnings", "off"),
        *("--suppress-health-check", "all", "--report", "har", "--report-har-path", str(report)),
        *options,
    ]
    for key, text in headers.items():
        command += ["--header", f"{key}: {text}"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.equipment.short_queries", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder, env=environment, check=False)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    return report


def answers(report: Path) -> list[tuple[str, int]]:
    """Path and status of each request that was made."""
    entries = json.loads(report.read_text())["log"]["entries"]
    return [(urlsplit(each["request"]["url"]).path, each["response"]["status"]) for each in entries]
