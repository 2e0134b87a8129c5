"""`/readyz`: ready is a desk to which somebody can sign in."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text
from tests.equipment.desk import Visitor, add_cast

from sereno.database.schema import head_revision
from sereno.database.session import Database


def test_a_desk_is_ready_when_it_has_its_schema_and_an_account(app: Flask, database: Database) -> None:
    visitor = Visitor(app)
    assert visitor.get("/readyz").status_code == 503
    with database.unit_of_work() as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head_revision()})
    waiting = visitor.get("/readyz")
    assert waiting.status_code == 503 and "first administrator" in waiting.json["detail"]
    add_cast(database)
    ready = visitor.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ready")
    assert "Set-Cookie" not in ready.headers
