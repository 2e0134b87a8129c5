"""Light or dark: the browser's preference, or a signed-in reader's own choice kept in a cookie.

Readers without a session always get the browser's preference, so that one cached page fits them all.
"""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, request
from werkzeug.wrappers import Response

from sereno.guard.model import Role
from sereno.web.auth import current_identity_or_none, require
from sereno.web.own_paths import own_path

COOKIE = "theme"
CHOICES = ("auto", "light", "dark")

blueprint = Blueprint("theme", __name__)


def theme() -> str:
    """`light` or `dark` when a signed-in reader chose one, else `auto`."""
    choice = request.cookies.get(COOKIE, "auto")
    return choice if choice in CHOICES and current_identity_or_none() is not None else "auto"


@blueprint.post("/theme")
@require(Role.VIEWER)
def choose() -> Response:
    """Keep the choice for a year and go back to where it was made."""
    choice = request.form.get("theme", "auto")
    response = redirect(own_path(request.form.get("next"), otherwise="/desk"), code=303)
    if choice in CHOICES:
        response.set_cookie(COOKIE, choice, max_age=365 * 24 * 3600, secure=True, httponly=True, samesite="Lax")
    return response


def init_app(app: Flask) -> None:
    """Register the switch and name the theme to templates."""
    app.register_blueprint(blueprint)
    app.context_processor(lambda: {"theme": theme()})
