"""The audit trail as a file, for administrators: CSV for a spreadsheet, JSON Lines for a program.

It is sent while it is read, a thousand entries at a time, so that a long trail takes no more memory than a short one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from flask import Blueprint, Response

from sereno.core.clock import rfc3339
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard.model import AuditEntry, Role
from sereno.web.audit import wanted
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import actor, now, transact

blueprint = Blueprint("audit_export", __name__)

AT_ONCE = 1000
COLUMNS = ("id", "at", "actor", "address", "action", "subject", "old", "new", "request_id")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@blueprint.get("/audit/export.csv")
@require(Role.ADMIN)
def as_csv() -> Response:
    """Every entry that fits the search, newest first, with a line of names above."""
    return _sent(_csv_line, "text/csv; charset=utf-8", "csv", above=_row(COLUMNS))


@blueprint.get("/audit/export.jsonl")
@require(Role.ADMIN)
def as_json_lines() -> Response:
    """Every entry that fits the search, newest first, one JSON object on each line."""
    return _sent(_json_line, "application/jsonl; charset=utf-8", "jsonl")


def _sent(line: Callable[[AuditEntry], str], content_type: str, ending: str, *, above: str = "") -> Response:
    search, who, moment = wanted(), actor(), now()
    asked = {name: value for name, value in _plain(search).items() if value}
    transact(lambda session: audit.record(session, who, "audit.export", f"audit:{ending}", now=moment, new=asked))

    database = desk().database  # While the lines are sent there is no request any more.

    def lines() -> Iterator[str]:
        yield above
        for entry in _entries(database, search):
            yield line(entry)

    response = Response(lines(), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{moment:%Y%m%d-%H%M%S}.{ending}"'
    return response


def _entries(database: Database, search: audit.Search) -> Iterator[AuditEntry]:
    """All that fit; each thousand in a transaction of its own, so that a slow reader holds none open."""
    while True:
        find = partial(audit.find, search=search, limit=AT_ONCE)
        found = in_one_transaction(database, find)
        yield from found
        if len(found) < AT_ONCE:
            return
        search = replace(search, before_id=found[-1].id)


def _values(entry: AuditEntry) -> dict[str, object]:
    return {name: rfc3339(entry.at) if name == "at" else getattr(entry, name) for name in COLUMNS}


def _json_line(entry: AuditEntry) -> str:
    return json.dumps(_values(entry), ensure_ascii=False) + "\n"


def _csv_line(entry: AuditEntry) -> str:
    values = _values(entry)
    return _row(
        json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "" if value is None else str(value)
        for value in values.values()
    )


def _row(cells: Iterator[str] | tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(harmless(cell) for cell in cells)
    return text.getvalue()


def harmless(cell: str) -> str:
    """`cell` as a spreadsheet shows it and never computes it: names and labels come from strangers.

    By OWASP's advice (CSV injection): an apostrophe before what would begin a formula.
    """
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _plain(search: audit.Search) -> dict[str, object]:
    return {
        "text": search.text,
        "action": search.action,
        "actor": search.actor,
        "subject": search.subject,
        "since": None if search.since is None else rfc3339(search.since),
        "until": None if search.until is None else rfc3339(search.until),
    }
