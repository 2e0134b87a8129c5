"""`/incidents`: what is wrong and who has it, then what was; and each one's story. For everyone with an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from sereno.core.units import format_span, parse_duration
from sereno.guard import service as accounts
from sereno.guard.model import Identity, Role
from sereno.respond.incidents.figures_store import strokes
from sereno.respond.incidents.markdown import to_html
from sereno.respond.incidents.model import Event, Incident, State
from sereno.respond.incidents.store import Wanted
from sereno.respond.incidents.strip import Strip, strip
from sereno.respond.incidents.times import times_of, waits_of
from sereno.watch.runbooks import runbook_names
from sereno.web.alerts import BADGES, SEVERITIES, cursor, generator_link, read_cursor
from sereno.web.audit import day_begins, day_ends, row_number
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import known_identity, now, transact
from sereno.web.home import add_part
from sereno.web.i18n import N_
from sereno.web.incident_words import (
    SIGNS,
    STATE_BADGES,
    STATES,
    by_whom,
    component_title,
    ended_by_itself,
    happened_at,
    known_components,
    sentence,
    severity_in_words,
    title_of,
    together,
)
from sereno.web.incidents_api import incidents

blueprint = Blueprint("incidents", __name__, url_prefix="/incidents")

PAGE = 40
MOST_OPEN = 100
"""Incidents that are not over, on the first page: with more, a list is no help any more."""

ENTRIES = 100
"""Of a timeline, on one page."""

SHOWN_AT_HOME = 5
STRIP_DAYS = 30
MOST_STROKES = 300

FILTERS = (
    ("", N_("All")),
    ("unresolved", N_("Not resolved")),
    *((str(state), words) for state, words in STATES.items()),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader looks for, as the address says it."""

    state: str
    severity: str
    component: str
    owner: str
    flapping: bool
    since: str
    until: str

    @classmethod
    def sent(cls) -> Filter:
        """The present request's; what can't be meant counts as nothing."""
        state = request.args.get("state", "")
        return cls(
            state=state if state in dict(FILTERS) else "",
            severity=request.args.get("severity", "").strip()[:64],
            component=request.args.get("component", "").strip()[:64],
            owner=request.args.get("owner", "").strip()[:64],
            flapping=request.args.get("flapping") == "1",
            since=request.args.get("since", ""),
            until=request.args.get("until", ""),
        )

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through."""
        return self == Filter("", "", "", "", False, "", "")

    def wanted(self, state: State | None, *, unresolved: bool = False, **place: object) -> Wanted:
        """The same as the store understands it."""
        return Wanted(
            state=state,
            unresolved=unresolved,
            severity=self.severity,
            component=self.component,
            owner=self.owner,
            flapping=True if self.flapping else None,
            since=day_begins(self.since),
            until=day_ends(self.until),
            **place,  # type: ignore[arg-type]
        )


@blueprint.get("")
@require(Role.VIEWER)
def show() -> str:
    """What is not over, whole; then what is, page by page, newest first. Filters hold for both."""
    chosen, moment, room = Filter.sent(), now(), incidents()
    after = read_cursor(request.args.get("before"))
    open_ones: tuple[Incident, ...] = ()
    if after is None and chosen.state != State.RESOLVED:
        exactly = State(chosen.state) if chosen.state in (State.OPEN, State.ACKNOWLEDGED) else None
        open_ones = room.page(chosen.wanted(exactly, unresolved=True, limit=MOST_OPEN)).incidents
    over: tuple[Incident, ...] = ()
    older = None
    if chosen.state in ("", State.RESOLVED):
        page = room.page(chosen.wanted(State.RESOLVED, after=after, limit=PAGE))
        over = page.incidents
        if page.next is not None:
            older = f"/incidents?{urlencode({**request.args.to_dict(), 'before': cursor(page.next)})}"
    return render_template(
        "respond/incidents.html",
        **words(),
        chosen=chosen,
        now=moment,
        open_ones=sorted(open_ones, key=_unowned_first),
        most_open=MOST_OPEN,
        over=over,
        older=older,
        first_page=after is None,
        picture=_picture(moment) if after is None and chosen.is_empty else None,
        most_strokes=MOST_STROKES,
        filters=[(value, _(label)) for value, label in FILTERS],
        components=known_components(),
        owners=[(name, name) for name in people()],
        may_act=known_identity().role >= Role.OPERATOR,
    )


def _unowned_first(incident: Incident) -> tuple[bool, float]:
    return incident.state is not State.OPEN, -incident.opened_at.timestamp()


def _picture(moment: datetime) -> Strip:
    # Twice as far back as is drawn: what began before and still lasted then belongs into the picture too.
    since = moment - timedelta(days=2 * STRIP_DAYS)
    return strip(transact(lambda session: strokes(session, since, MOST_STROKES)), moment, days=STRIP_DAYS)


@blueprint.get("/<int:id>")
@require(Role.VIEWER)
def detail(id: int) -> str:
    """One incident: who has it, how long it took, its alerts, its story, and what can be done."""
    return incident_page(id)


def incident_page(
    id: int, *, told: str = "", typed: dict[str, str] | None = None, wrong: dict[str, str] | None = None
) -> str:
    """The page of one incident; after a refused change with what was `told` and `typed`, and what is `wrong` where.

    Raises NotFound.
    """
    room, identity = incidents(), known_identity()
    incident = room.get(id)
    alerts = room.alerts(id)
    oldest_first = request.args.get("order") == "oldest"
    beyond = request.args.get("beyond", 0, type=row_number)
    entries, more = _story(id, beyond, oldest_first=oldest_first)
    return render_template(
        "respond/incident.html",
        **words(),
        incident=incident,
        now=now(),
        alerts=alerts,
        expressions={alert.id: link for alert in alerts if (link := generator_link(alert))},
        runbooks=_runbooks(),
        entries=entries,
        more=more,
        beyond=beyond,
        oldest_first=oldest_first,
        may_act=identity.role >= Role.OPERATOR and incident.merged_into is None,
        may_measure=identity.role >= Role.OPERATOR,
        owners=[(name, name) for name in people()],
        times=times_of(incident, waits_of(desk().surroundings.settings)),
        told=told,
        typed=typed or {},
        wrong=wrong or {},
        live=not told and not wrong,
    )


def _story(id: int, beyond: int, *, oldest_first: bool) -> tuple[list[Entry], int | None]:
    """A page of the timeline from the entry `beyond` on (0: from the begin), and where the next one begins."""
    room = incidents()
    if oldest_first:
        events = room.timeline(id, after=beyond, limit=ENTRIES + 1)
    else:
        events = room.newest(id, before=beyond or None, limit=ENTRIES + 1)
    shown = events[:ENTRIES]
    return [_entry(event) for event in together(shown)], shown[-1].id if len(events) > ENTRIES else None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the timeline as the page shows it; `html` is safe."""

    event: Event
    at: datetime
    sentence: str
    sign: str
    html: Markup


def _entry(event: Event) -> Entry:
    html = Markup(to_html(event.text))  # noqa: S704 -- to_html answers nothing that could do harm.
    return Entry(event, happened_at(event), sentence(event), SIGNS.get(event.kind, "plain"), html)


def _runbooks() -> frozenset[str]:
    return frozenset(runbook_names(desk().surroundings.settings))


def people() -> list[str]:
    """The names of the active accounts that may have an incident."""
    return [user.name for user in transact(accounts.users) if user.role >= Role.OPERATOR and not user.disabled]


def words() -> dict[str, object]:
    """What every template about incidents needs to say things."""
    rules = desk().surroundings.settings.incidents
    return {
        "states": STATES,
        "state_badges": STATE_BADGES,
        "severities": SEVERITIES,
        "badges": BADGES,
        "severity_in_words": severity_in_words,
        "severities_in_words": [(severity, _(label)) for severity, label in SEVERITIES.items()],
        "title_of": title_of,
        "by_whom": by_whom,
        "ended_by_itself": ended_by_itself,
        "component_title": component_title,
        "span": format_span,
        "hold_down": format_span(parse_duration(rules.hold_down)),
        "reopen_window": format_span(parse_duration(rules.reopen_window)),
    }


def home_part(_identity: Identity) -> Markup:
    """What is open and who has it, for the desk's home page."""
    room = incidents()
    shown: list[Incident] = []
    for state in (State.OPEN, State.ACKNOWLEDGED):  # What nobody has taken comes first.
        if len(shown) < SHOWN_AT_HOME:
            shown += room.page(Wanted(state=state, limit=SHOWN_AT_HOME - len(shown))).incidents
    part = render_template(
        "respond/home_incidents.html", **words(), shown=shown, count=sum(room.counts().values()), now=now()
    )
    return Markup(part)  # noqa: S704 -- our own template, which has escaped what it was given.


blueprint.record_once(lambda state: add_part(cast(Flask, state.app), home_part))

__all__ = ["blueprint", "incident_page", "incidents", "people", "words"]
