"""`/badge/<component>.svg` and `/badge/<component>/uptime.svg`: small pictures for other pages."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template
from flask_babel import gettext as _

from sereno.respond.status.uptime import percent_words
from sereno.watch.model import State
from sereno.web.auth import public
from sereno.web.front import View, view_now
from sereno.web.i18n import language
from sereno.web.public_pages import shown_reading
from sereno.web.public_words import STATES, titles

blueprint = Blueprint("badges", __name__, url_prefix="/badge")

KEPT_FOR_HALF_A_MINUTE = "public, max-age=30"
"""Pages of others show it to many; half a minute late is early enough for a picture."""

COLOURS = {State.UP: "#1f6f43", State.DOWN: "#a32a22", State.UNKNOWN: "#56616e"}
MAINTAINED = "#1d5580"
SIGN_WIDTH = 6.6
"""How wide a sign is on average, at the badge's size; `textLength` makes it exact for every font."""


@blueprint.get("/<name>.svg")
@public
def state(name: str) -> Response:
    """Up, down, unknown, or under maintenance."""
    view = view_now()
    reading = shown_reading(view, name) or abort(404)
    if view.news.is_maintained(name, view.now):
        return _picture(view, name, _("Maintenance"), MAINTAINED)
    return _picture(view, name, _(STATES[reading.state]), COLOURS[reading.state])


@blueprint.get("/<name>/uptime.svg")
@public
def uptime(name: str) -> Response:
    """The share of the last 90 days."""
    view = view_now()
    if shown_reading(view, name) is None:
        abort(404)
    found = view.uptimes.get(name)
    share = found.bar.uptime if found else None
    if share is None:
        return _picture(view, name, _("not measured"), COLOURS[State.UNKNOWN])
    words = percent_words(share).replace(".", "," if language() == "es" else ".")
    return _picture(view, name, f"{words} %", COLOURS[State.UP if share >= 0.99 else State.DOWN])


def _picture(view: View, name: str, words: str, colour: str) -> Response:
    title = titles(view.status, language())[name]
    left, right = (round(len(each) * SIGN_WIDTH) + 12 for each in (title, words))
    response = make_response(
        render_template("respond/badge.svg", title=title, words=words, colour=colour, left=left, right=right)
    )
    response.mimetype = "image/svg+xml"
    response.headers["Cache-Control"] = KEPT_FOR_HALF_A_MINUTE
    return response
