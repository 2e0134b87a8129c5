"""`/runbooks` and `/runbooks/<Alert>`: what each alert means, where to look and what mends it."""

from __future__ import annotations

from flask import Blueprint, render_template

from sereno.core.errors import NotFound
from sereno.guard.model import Role
from sereno.watch.runbooks import runbook, runbook_names
from sereno.web.alerts import BADGES, SEVERITIES
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.i18n import language

blueprint = Blueprint("runbooks", __name__)


@blueprint.get("/runbooks")
@require(Role.VIEWER)
def show_all() -> str:
    """Every runbook, with its meaning, in alphabetical order."""
    settings = desk().surroundings.settings
    pages = [runbook(name, language(), settings) for name in runbook_names(settings)]
    return render_template("watch/runbooks.html", pages=pages, severities=SEVERITIES, badges=BADGES)


@blueprint.get("/runbooks/<name>")
@require(Role.VIEWER)
def show(name: str) -> str:
    """The runbook of one alert. Raises NotFound for alerts that are not Sereno's own."""
    page = runbook(name, language(), desk().surroundings.settings)
    if page is None:
        raise NotFound(f"there is no runbook for {name}", next_step="see all runbooks at /runbooks")
    return render_template("watch/runbook.html", page=page, severities=SEVERITIES, badges=BADGES)
