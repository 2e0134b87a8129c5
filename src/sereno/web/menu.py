"""The main menu: only what exists and what the reader's role may open."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, request
from flask_babel import gettext as _

from sereno import __version__
from sereno.guard.model import Identity
from sereno.web.auth import current_identity_or_none, declared_access
from sereno.web.i18n import N_
from sereno.web.request_id import current_request_id


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the menu."""

    label: str
    href: str
    current: bool


ENTRIES = (
    ("/", N_("Status")),
    ("/desk", N_("Desk")),
    ("/incidents", N_("Incidents")),
    ("/alerts", N_("Alerts")),
    ("/services", N_("Services")),
    ("/maintenance", N_("Maintenance")),
    ("/heartbeats", N_("Heartbeats")),
    ("/notices", N_("Notices")),
    ("/backups", N_("Backups")),
    ("/certificates", N_("Certificates")),
    ("/users", N_("Users")),
    ("/audit", N_("Audit")),
)
"""Path and label, in the menu's order; a path that no view answers is left out by itself."""


def menu() -> list[Link]:
    """The links for the present reader."""
    ours = open_paths(current_identity_or_none())
    return [Link(_(label), path, _is_at(path)) for path, label in ENTRIES if path in ours]


def open_paths(identity: Identity | None) -> set[str]:
    """The addresses without variable parts that some view answers and that `identity` may open."""
    paths = set()
    for rule in current_app.url_map.iter_rules():
        access = declared_access(current_app.view_functions[rule.endpoint])
        if access is None or access.secret is not None or "GET" not in (rule.methods or ()):
            continue
        if access.role is None or (identity is not None and identity.role >= access.role):
            paths.add(rule.rule)
    return paths


def _is_at(path: str) -> bool:
    return request.path == path or (path != "/" and request.path.startswith(path + "/"))


def init_app(app: Flask) -> None:
    """Give templates the menu and the two small facts that every page shows."""
    app.jinja_env.globals.update(menu=menu, version=__version__, request_id=current_request_id)
