"""The desk in this process, on SQLite in memory: for tests of pages and of the API that need no server."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from sereno.core.clock import Clock, utc_now
from sereno.database.base import Base
from sereno.database.session import Database
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
