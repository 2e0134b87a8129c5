"""What the public pages keep between requests: the readers of the present and of the past, made after forking."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import Flask, Response, current_app, request

from sereno.core.errors import Unavailable
from sereno.respond.alerts.service import Alerts
from sereno.respond.status.model import Overall, Status
from sereno.respond.status.news import News, overall_with
from sereno.respond.status.past import Past
from sereno.respond.status.service import Catalogue, StatusReader
from sereno.respond.status.things import Watched
from sereno.respond.status.uptime import Uptime
from sereno.serve.catalogue import CATALOGUE
from sereno.watch.probes.stored import Stored
from sereno.watch.rules import all_alerts
from sereno.watch.service import Readings
from sereno.web.auth import current_identity_or_none
from sereno.web.desk import Desk, desk
from sereno.wiring import open_readings
from sereno.wiring.probes import Probes, open_probes
from sereno.wiring.public import open_past

CACHED_FOR_A_SECOND = "public, max-age=0, s-maxage=1, stale-while-revalidate=2, stale-if-error=0"
"""Nginx may give the same page to everyone for a second, and for two more to those who come while it asks for a new
one, but not in place of an error: a desk that hangs or fails can't hide behind an old page. Nginx keeps this to
itself: browsers ask each time."""


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the front page is made from. `knows_past` is False when only the present moment is known."""

    status: Status
    news: News
    uptimes: Mapping[str, Uptime]
    overall: Overall
    now: datetime
    knows_past: bool = True

    def is_as(self, other: View) -> bool:
        """Whether a page made from the one is right for the other too."""
        return self.status is other.status and self.uptimes is other.uptimes and self.news == other.news


@dataclass
class Front:
    """The readers, and the last rendering of the front page by language."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    readings: Readings | None = None
    reader: StatusReader | None = None
    past: Past | None = None
    pages: dict[str, tuple[View, bytes]] = field(default_factory=dict)


def front() -> Front:
    """That of the present application."""
    return cast(Front, current_app.extensions["sereno.front"])


def init_app(app: Flask) -> None:
    """Make room for what the public pages keep."""
    app.extensions["sereno.front"] = Front()


def reader() -> StatusReader:
    """The application's reader of states."""
    own_front = front()
    with own_front.lock:
        if own_front.reader is None:
            own = desk()
            own_front.readings = own.neighbours.get("readings") or open_readings(own.surroundings)
            room = Alerts(own.database, clock=own.clock)
            own_front.reader = StatusReader(own_front.readings, room.firing, _catalogue(own))
        return own_front.reader


def past() -> Past:
    """The application's reader of what was told and summed up."""
    own_front, own = front(), desk()
    with own_front.lock:
        if own_front.past is None:
            own_front.past = open_past(own.surroundings, own.database, clock=own.clock)
        return own_front.past


def view_now() -> View:
    """The present moment with its past. Raises Unavailable without a database."""
    return _view(reader().live(), past().news(), past().uptimes())


def view_without_database() -> View:
    """The present moment by Prometheus's account, with the past as it was last known."""
    status, known = reader().without_database(), past().last_known()
    if known is None:
        return View(status, News(), {}, status.overall, desk().clock(), knows_past=False)
    return _view(status, *known)


def _view(status: Status, news: News, uptimes: Mapping[str, Uptime]) -> View:
    now = desk().clock()
    down = [one.name for one in status.down]
    return View(status, news, uptimes, overall_with(status.overall, down, news, now), now)


def shared(response: Response) -> Response:
    """Let Nginx give the answer to other strangers too, where it holds nothing of who asked, nor of what was asked."""
    if not request.args and current_identity_or_none() is None:
        response.headers["Cache-Control"] = CACHED_FOR_A_SECOND
    return response


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
