"""The factory, one thin blueprint per room, templates and static files."""

from __future__ import annotations

import importlib
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from sereno.core.clock import Clock, utc_now
from sereno.database.session import Database
from sereno.web import auth, error_pages, errors, headers, i18n, menu, request_id, static_files, theme, tracing
from sereno.web.desk import Desk
from sereno.wiring import Surroundings, open_database

BLUEPRINTS: tuple[str, ...] = (
    "health",
    "metrics",
    "status",
    "incidents",
    "incident_actions",
    "figures",
    "figures_api",
    "public_pages",
    "status_feed",
    "badges",
    "maintenance",
    "maintenance_api",
    "status_api",
    "alerts",
    "alerts_api",
    "incidents_api",
    "rules_api",
    "certificates",
    "runbooks",
    "login",
    "account",
    "home",
    "users",
    "tokens",
    "audit",
    "audit_export",
    "backups",
    "session_api",
    "users_api",
    "tokens_api",
    "services",
    "machines",
    "targets_api",
    "probes_api",
    "audit_api",
    "backups_api",
    "notices",
    "notices_api",
    "heartbeats",
    "heartbeats_api",
    "api_docs",
    "gate",
)
"""Modules of `sereno.web` that offer a `blueprint`, one line each."""

MAX_BODY_BYTES = 2 * 1024 * 1024
"""Room for a delivery of 200 alerts; Nginx refuses larger ones before they come here."""


class RowNumber(IntegerConverter):
    """`<int:…>` in addresses: no row has a number beyond 63 bits, and some databases choke on one.

    Refused by its length, so that it is an address with nothing behind it. Refused by its value, Werkzeug would take it
    for one that knows only the methods of the rule which it tried first.
    """

    regex = r"\d{1,18}"


def create_app(surroundings: Surroundings, *, database: Database | None = None, clock: Clock = utc_now) -> Flask:
    """The desk as a Flask application; nothing is connected until a request needs it.

    `database` and `clock` are given by tests. Raises SettingsError when a secret that the desk needs is missing.
    """
    app = Flask("sereno.web", root_path=str(Path(__file__).parent), static_folder=None)
    app.config.update(
        SECRET_KEY=surroundings.secret("desk-secret-key"),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        # Flask's own signed cookie holds only form tokens and one-time notices; who is signed in stands in the
        # database, found by the cookie `sereno_session` (web/auth.py).
        SESSION_COOKIE_NAME="sereno_form",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_CHECK_DEFAULT=False,  # web/auth.py checks, since it knows how the caller came in.
        WTF_CSRF_TIME_LIMIT=None,  # A form token lives as long as its cookie: slow writers lose nothing.
        WTF_CSRF_SSL_STRICT=False,  # Some browsers send no Referer; web/auth.py looks at Origin and Sec-Fetch-Site.
    )
    app.url_map.converters["int"] = RowNumber
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["sereno"] = Desk(
        surroundings=surroundings, database=database or open_database(surroundings), clock=clock
    )
    CSRFProtect(app)
    # Exactly one hop: Nginx overwrites both headers, so a client's own count for nothing. The Host is Nginx's own.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]
    # Not at the top: prometheus_client opens files as it is imported, and web/server.py empties their folder first.
    from sereno.web import front, logo, metrics

    for part in (metrics, tracing, request_id, i18n, static_files, headers, errors, auth, theme, menu, front, logo):
        part.init_app(app)
    for name in BLUEPRINTS:
        app.register_blueprint(importlib.import_module(f"sereno.web.{name}").blueprint)
    error_pages.init_app(app)
    return app
