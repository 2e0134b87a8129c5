"""`/`, the public status page; `/status.json`; and the copy that answers while the desk or its database is down."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, make_response, render_template, request
from flask_babel import force_locale, gettext

from sereno.core.clock import rfc3339
from sereno.core.errors import Unavailable
from sereno.core.text import LANGUAGES, Text
from sereno.core.units import format_bytes
from sereno.guard.model import Role
from sereno.respond.alerts.service import Alerts
from sereno.respond.status.gauges import Gauge
from sereno.respond.status.model import Overall, Status
from sereno.respond.status.service import Catalogue, StatusReader
from sereno.respond.status.things import Watched
from sereno.serve.catalogue import BY_NAME, CATALOGUE
from sereno.watch.model import ComponentReading, Consumer, State
from sereno.watch.probes.stored import Stored
from sereno.watch.rules import all_alerts
from sereno.watch.service import Readings
from sereno.web.alerts import BADGES, SEVERITIES
from sereno.web.auth import current_identity_or_none, public
from sereno.web.desk import Desk, desk
from sereno.web.i18n import N_, language
from sereno.wiring import open_readings
from sereno.wiring.probes import Probes, open_probes

blueprint = Blueprint("status", __name__)

CACHED_FOR_A_SECOND = "public, max-age=0, s-maxage=1, stale-while-revalidate=2, stale-if-error=0"
"""Nginx may give the same page to everyone for a second, and for two more to those who come while it asks for a new
one, but not in place of an error: a desk that hangs or fails can't hide behind an old page. Nginx keeps this to
itself: browsers ask each time."""

TOP_CONSUMERS = 3

SENTENCES: Mapping[Overall, str] = {
    Overall.OK: N_("Everything works."),
    Overall.ATTENTION: N_("It works, and something needs attention."),
    Overall.DOWN: N_("Part of the service is down."),
    Overall.UNKNOWN: N_("The state is not known right now."),
}
SIGNS: Mapping[Overall, str] = {
    Overall.OK: "ok",
    Overall.ATTENTION: "warn",
    Overall.DOWN: "bad",
    Overall.UNKNOWN: "unknown",
}
STATES: Mapping[State, str] = {State.UP: N_("Up"), State.DOWN: N_("Down"), State.UNKNOWN: N_("Unknown")}
STATE_BADGES: Mapping[State, str] = {State.UP: "ok", State.DOWN: "bad", State.UNKNOWN: "unknown"}


@dataclass
class _Front:
    """What the front page keeps between requests: the reader of states, and its last rendering per language."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    readings: Readings | None = None
    reader: StatusReader | None = None
    pages: dict[str, tuple[Status, bytes]] = field(default_factory=dict)


@blueprint.get("/")
@public
def show() -> Response:
    """The state of everything. Without a database it answers 503, and Nginx gives the worker's copy instead."""
    status = reader().live()
    identity = current_identity_or_none()
    if identity is not None:
        consumers = _top_consumers() if identity.role >= Role.OPERATOR else ()
        return make_response(_page(status, language(), consumers=consumers))
    response = make_response(_page_for_everyone(status, language()))
    if not request.args:
        response.headers["Cache-Control"] = CACHED_FOR_A_SECOND
    return response


@blueprint.get("/status.json")
@public
def as_json() -> Response:
    """The same for programs, without anything that strangers may not see."""
    response = jsonify(public_members(reader().live()))
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
    status = reader().without_database()
    if status.problem is not None:
        raise Unavailable(status.problem, next_step="the copy that is there stays")
    return make_response(_page_for_strangers(status, code, stale=True))


def reader() -> StatusReader:
    """The application's reader of states, made when it is first needed, which is after forking."""
    front = _front()
    with front.lock:
        if front.reader is None:
            own = desk()
            front.readings = own.neighbours.get("readings") or open_readings(own.surroundings)
            room = Alerts(own.database, clock=own.clock)
            front.reader = StatusReader(front.readings, room.firing, _catalogue(own))
        return front.reader


def _front() -> _Front:
    return cast(_Front, current_app.extensions["sereno.front"])


def init_app(app: Flask) -> None:
    """Make room for what the front page keeps."""
    app.extensions["sereno.front"] = _Front()


def _catalogue(own: Desk) -> Catalogue:
    settings = own.surroundings.settings
    return Catalogue(
        components=tuple(component.name for component in CATALOGUE),
        optional=frozenset(component.name for component in CATALOGUE if component.optional),
        own_alerts=frozenset(alert.name for alert in all_alerts(settings)),
        watched=_OfUsers(open_probes(own.surroundings, own.database)).now,
        hosts=tuple(host.name for host in settings.hosts),
    )


class _OfUsers:
    """What users have watched of their own; without a database, what was last known of it."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self._stored: Sequence[Stored] = ()

    def now(self) -> list[Watched]:
        """Services and probes of the settings file, then what was added at the desk."""
        with contextlib.suppress(Unavailable):
            self._stored = self._probes.asked()
        return [Watched.of(each) for each in (*self._probes.of_settings, *(each.probe for each in self._stored))]


def _page_for_everyone(status: Status, code: str) -> bytes:
    """The page that all strangers get, rendered once per state and language."""
    pages = _front().pages
    kept = pages.get(code)
    if kept is None or kept[0] is not status:
        kept = pages[code] = (status, _page_for_strangers(status, code).encode())
    return kept[1]


def _page_for_strangers(status: Status, code: str, *, stale: bool = False) -> str:
    """The page as rendered for a stranger's bare request for `/`: nothing of the present request gets into it."""
    with current_app.test_request_context("/", headers={"Accept-Language": code}):
        return _page(status, code, stale=stale)


def _page(status: Status, code: str, *, consumers: tuple[Consumer, ...] = (), stale: bool = False) -> str:
    settings = desk().surroundings.settings
    return render_template(
        "respond/status.html",
        status=status,
        site=settings.status_page.title or settings.site.domain or status.host_name or "Sereno",
        sentence=SENTENCES[status.overall],
        sign=SIGNS[status.overall],
        states=STATES,
        state_badges=STATE_BADGES,
        titles=_titles(code) | {each.watched.name: each.watched.title.in_language(code) for each in status.things},
        severities=SEVERITIES,
        badges=BADGES,
        consumers=consumers,
        signed_in=current_identity_or_none() is not None,
        stale=stale,
        bytes=format_bytes,
    )


def _titles(code: str) -> dict[str, str]:
    return {name: component.title.in_language(code) for name, component in BY_NAME.items()}


def _top_consumers() -> tuple[Consumer, ...]:
    """What takes most of the machine now; nothing when Prometheus cannot be asked, which the page says elsewhere."""
    readings = _front().readings
    try:
        return readings.top_consumers(TOP_CONSUMERS) if readings is not None else ()
    except Unavailable:
        return ()


def public_members(status: Status) -> dict[str, Any]:
    """The state as `/status.json` tells it: null is "not known", never zero."""
    return {
        "status": status.overall.value,
        "sentence": {code: _in_language(SENTENCES[status.overall], code) for code in LANGUAGES},
        "taken_at": rfc3339(status.taken_at),
        "last_scrape": rfc3339(status.last_scrape) if status.last_scrape else None,
        "components": [
            *(_component(one, "component", BY_NAME[one.name].title) for one in status.components),
            *(
                _component(each.reading, each.watched.kind, each.watched.title, each.watched.group)
                for each in status.things
                if each.watched.public
            ),
        ],
        "measurements": [_measurement(gauge) for gauge in status.gauges],
        "machines": [
            {"name": machine.name, "measurements": [_measurement(gauge) for gauge in machine.gauges]}
            for machine in status.machines
        ],
        "alerts": [
            {
                "name": alert.name,
                "severity": alert.severity,
                "since": rfc3339(alert.began_at),
                "sentence": dict(alert.public_sentences),
            }
            for alert in status.alerts
        ],
    }


def _component(one: ComponentReading, kind: str, title: Text, group: str = "") -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": kind,
        "title": _both(title),
        "group": group or None,
        "state": one.state.value,
        "since": rfc3339(one.since) if one.since else None,
        "since_is_earliest_known": one.since_is_earliest_known,
    }


def _measurement(gauge: Gauge) -> dict[str, Any]:
    return {
        "kind": gauge.kind,
        "number": gauge.number,
        "percent": None if gauge.percent is None else round(gauge.percent, 1),
        "threshold": gauge.limit,
        "trouble": gauge.trouble,
        "beyond": gauge.beyond,
    }


def _both(text: Text) -> dict[str, str]:
    return {code: text.in_language(code) for code in LANGUAGES}


def _in_language(message: str, code: str) -> str:
    with force_locale(code):
        return str(gettext(message))
