"""What `./sereno doctor` says of a database that does not start."""

from __future__ import annotations

from collections.abc import Sequence

from sereno.core.errors import SerenoError
from sereno.serve.database_findings import why_it_does_not_start
from sereno.serve.findings import Finding
from sereno.serve.platforms import ComponentStatus, Platform

_LINES = 120


def examine_database(platform: Platform, rows: Sequence[ComponentStatus]) -> list[Finding]:
    """Why it is not healthy, from its log's last lines; nothing while it is, or while the log tells nothing."""
    if any(row.name == "mysql" and row.health == "healthy" for row in rows):
        return []
    try:
        finding = why_it_does_not_start(list(platform.logs("mysql", follow=False, lines=_LINES)))
    except SerenoError:
        return []  # It has no log yet.
    return [] if finding is None else [finding]
