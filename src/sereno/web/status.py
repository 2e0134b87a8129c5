"""`/`, the public status page; `/status.json`; and the copy that answers while the desk or its database is down."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, abort, current_app, jsonify, make_response, render_template

from sereno.core.errors import Unavailable
from sereno.core.text import LANGUAGES
from sereno.core.units import format_bytes
from sereno.guard.model import Role
from sereno.respond.status.model import Overall
from sereno.watch.model import Consumer
from sereno.web.alerts import BADGES, SEVERITIES
from sereno.web.auth import current_identity_or_none, public
from sereno.web.front import CACHED_FOR_A_SECOND, View, front, shared, view_now, view_without_database
from sereno.web.i18n import N_, language
from sereno.web.public_words import public_words
from sereno.web.status_json import public_members

blueprint = Blueprint("status", __name__)

TOP_CONSUMERS = 3

SENTENCES: Mapping[Overall, str] = {
    Overall.OK: N_("Everything works."),
    Overall.ATTENTION: N_("It works, and something needs attention."),
    Overall.DOWN: N_("Part of the service is down."),
    Overall.MAINTENANCE: N_("Part of the service is down for announced maintenance."),
    Overall.UNKNOWN: N_("The state is not known right now."),
}
SIGNS: Mapping[Overall, str] = {
    Overall.OK: "ok",
    Overall.ATTENTION: "warn",
    Overall.DOWN: "bad",
    Overall.MAINTENANCE: "warn",
    Overall.UNKNOWN: "unknown",
}


@blueprint.get("/")
@public
def show() -> Response:
    """The state of everything. Without a database it answers 503, and Nginx gives the worker's copy instead."""
    view = view_now()
    identity = current_identity_or_none()
    if identity is not None:
        consumers = _top_consumers() if identity.role >= Role.OPERATOR else ()
        return make_response(_page(view, language(), consumers=consumers))
    return shared(make_response(_page_for_everyone(view, language())))


@blueprint.get("/status.json")
@public
def as_json() -> Response:
    """The same for programs, without anything that strangers may not see."""
    view = view_now()
    response = jsonify(public_members(view, SENTENCES[view.overall]))
    response.headers["Cache-Control"] = CACHED_FOR_A_SECOND
    return response


@blueprint.get("/_gate/copy/<code>")
@public
def copy(code: str) -> Response:
    """The page as the worker keeps it for the time when the desk does not answer; refused from outside by Nginx.

    503 while Prometheus cannot be asked, so that the worker keeps the last copy that knew something.
    """
    if code not in LANGUAGES:
        abort(404)
    view = view_without_database()
    if view.status.problem is not None:
        raise Unavailable(view.status.problem, next_step="the copy that is there stays")
    return make_response(_page_for_strangers(view, code, stale=True))


def _page_for_everyone(view: View, code: str) -> bytes:
    """The page that all strangers get, rendered once for what it says and its language."""
    pages = front().pages
    kept = pages.get(code)
    if kept is None or not kept[0].is_as(view):
        kept = pages[code] = (view, _page_for_strangers(view, code).encode())
    return kept[1]


def _page_for_strangers(view: View, code: str, *, stale: bool = False) -> str:
    """The page as rendered for a stranger's bare request for `/`: nothing of the present request gets into it."""
    with current_app.test_request_context("/", headers={"Accept-Language": code}):
        return _page(view, code, stale=stale)


def _page(view: View, code: str, *, consumers: tuple[Consumer, ...] = (), stale: bool = False) -> str:
    return render_template(
        "respond/status.html",
        status=view.status,
        sentence=SENTENCES[view.overall],
        sign=SIGNS[view.overall],
        severities=SEVERITIES,
        badges=BADGES,
        consumers=consumers,
        signed_in=current_identity_or_none() is not None,
        stale=stale,
        bytes=format_bytes,
        news=view.news,
        uptimes=view.uptimes,
        knows_past=view.knows_past,
        **public_words(view.status, code),
    )


def _top_consumers() -> tuple[Consumer, ...]:
    """What takes most of the machine now; nothing when Prometheus cannot be asked, which the page says elsewhere."""
    readings = front().readings
    try:
        return readings.top_consumers(TOP_CONSUMERS) if readings is not None else ()
    except Unavailable:
        return ()
