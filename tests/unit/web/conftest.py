from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, add_cast, desk_app, memory_database

from sereno.database.session import Database
from sereno.guard.model import User


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database() -> Database:
    return memory_database()


@pytest.fixture
def cast(database: Database, clock: Clock) -> dict[str, User]:
    return add_cast(database, now=clock())


@pytest.fixture
def app(tmp_path: Path, database: Database, clock: Clock) -> Flask:
    return desk_app(tmp_path, database=database, clock=clock)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def signed_in(app: Flask, cast: dict[str, User]) -> Callable[[str], Visitor]:
    def begin(name: str, address: str = "192.0.2.1") -> Visitor:
        visitor = Visitor(app, address=address)
        assert visitor.sign_in(name).status_code == 303
        return visitor

    return begin
