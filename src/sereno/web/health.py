"""`/healthz`: this process answers. `/readyz`: it can also do its work, for which it needs the database, its schema and
an account that somebody can sign in to."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sereno.core.errors import Unavailable
from sereno.database.schema import head_revision, is_newer, present_revision, works_with
from sereno.guard.store import has_users
from sereno.web.auth import public
from sereno.web.desk import desk
from sereno.web.here import transact

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> Response:
    """200 as long as the process answers at all; asks nobody else, so that a dead database restarts nothing."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """200 when the database answers, has a schema that will do and an account, else 503 with what is missing."""
    engine = desk().database.engine
    try:
        present = present_revision(engine)
    except Unavailable as error:
        return jsonify(status="waiting", detail=error.message), 503
    wanted = head_revision()
    if works_with(engine, present):
        return _with_an_account(present)
    if is_newer(present):
        detail = f"the database has schema {present}, newer than this program's {wanted}"
        return jsonify(status="refused", detail=detail, schema=present), 503
    detail = f"the database has schema {present or 'none'}, this program needs {wanted}; migrating"
    return jsonify(status="waiting", detail=detail, schema=present), 503


def _with_an_account(schema: str | None) -> tuple[Response, int]:
    """The schema is there a moment before the first administrator is (`web/boot.py`)."""
    try:
        detail = "" if transact(has_users) else "the first administrator is being made"
    except Unavailable as error:
        detail = error.message
    if detail:
        return jsonify(status="waiting", detail=detail, schema=schema), 503
    return jsonify(status="ready", schema=schema), 200
