"""Real databases. MariaDB of this machine always; others by `SERENO_TEST_DATABASES` (SQLAlchemy URLs, space-separated),
each naming an empty schema that the test may drop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from tests.equipment import mariadb

from sereno.database.migrate import migrate
from sereno.database.session import Database, make_engine

_OTHERS = os.environ.get("SERENO_TEST_DATABASES", "").split()


@pytest.fixture(scope="session", params=["mariadb of this machine", *_OTHERS])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if "://" in request.param:
        yield request.param
        return
    if mariadb.is_missing():
        pytest.skip("this machine has no MariaDB server")
    server = mariadb.MariaDb().create()
    yield server.url
    server.close()


@pytest.fixture
def empty_schema(database_url: str) -> str:
    """The address of a schema without tables."""
    url = make_url(database_url)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {url.database}"))
        connection.execute(text(f"CREATE DATABASE {url.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"))
    admin.dispose()
    return database_url


@pytest.fixture
def engine(empty_schema: str) -> Iterator[Engine]:
    """An engine on an empty schema."""
    engine = make_engine(empty_schema, pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture
def database(engine: Engine) -> Database:
    """A database with every table, made by the migrations."""
    migrate(engine)
    return Database(engine)


@pytest.fixture
def at_once() -> Callable[..., list[object]]:
    """Run functions in threads that start together; answers what each returned or raised."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    def run(*functions: Callable[[], object]) -> list[object]:
        gate = Barrier(len(functions))

        def one(function: Callable[[], object]) -> object:
            gate.wait(10)
            try:
                return function()
            except Exception as error:
                return error

        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(one, functions))

    return run
