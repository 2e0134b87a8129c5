"""The pool's connections against a real server: right after errors and restarts, and without needless round trips."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from tests.equipment import mariadb

from sereno.database.idle import IDLE_SECONDS
from sereno.database.session import Database, make_engine

pytestmark = [pytest.mark.system, pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server")]


@pytest.fixture(scope="module")
def server() -> Iterator[mariadb.MariaDb]:
    server = mariadb.MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def engine(server: mariadb.MariaDb) -> Iterator[Engine]:
    engine = make_engine(server.url, pool_size=1)
    yield engine
    engine.dispose()


def asked(server: mariadb.MariaDb, *names: str) -> dict[str, int]:
    rows = server.run("SHOW GLOBAL STATUS")
    return {str(name): int(str(value)) for name, value in rows if name in names}


def test_a_connection_in_use_is_neither_pinged_nor_rolled_back(
    server: mariadb.MariaDb, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sereno.database.idle.IDLE_SECONDS", 600)  # However slow this machine is.
    database = Database(engine)
    with database.unit_of_work() as session:
        session.execute(text("SELECT 1"))
    before = asked(server, "Com_rollback", "Com_commit", "Com_admin_commands")
    for _ in range(10):
        with database.unit_of_work() as session:
            session.execute(text("SELECT 1"))
    after = asked(server, "Com_rollback", "Com_commit", "Com_admin_commands")
    assert {name: after[name] - before[name] for name in after} == {
        "Com_rollback": 0,
        "Com_commit": 10,
        "Com_admin_commands": 0,
    }


def test_what_was_under_way_is_rolled_back(server: mariadb.MariaDb, engine: Engine) -> None:
    server.run("DROP TABLE IF EXISTS sereno.note", "CREATE TABLE sereno.note (id INT) ENGINE=InnoDB")
    raw = engine.raw_connection()
    raw.cursor().execute("INSERT INTO note VALUES (1)")
    raw.close()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO note VALUES (2)"))
    assert server.run("SELECT id FROM sereno.note") == [(2,)]


def test_a_restart_of_the_server_costs_no_request(server: mariadb.MariaDb, engine: Engine) -> None:
    database = Database(engine)
    with database.unit_of_work() as session:
        session.execute(text("SELECT 1"))
    server.kill()
    began = time.monotonic()
    server.start()
    assert time.monotonic() - began > IDLE_SECONDS, "a server starts faster than a connection counts as idle"
    with database.unit_of_work() as session:
        assert session.scalar(text("SELECT 1")) == 1
