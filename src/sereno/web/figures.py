"""`/figures`: how well trouble is handled, in numbers and pictures, with what each number means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext as _

from sereno.core.cached import Cached
from sereno.core.units import format_span
from sereno.guard import service as accounts
from sereno.guard.model import Role
from sereno.respond.incidents.figures import WEEKS_HEIGHT, WEEKS_WIDTH, Figures, blocks
from sereno.respond.incidents.figures_store import read_figures
from sereno.respond.incidents.strip import GRAVITY
from sereno.respond.incidents.times import waits_of
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import now, transact
from sereno.web.i18n import N_
from sereno.web.incidents import words

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

blueprint = Blueprint("figures", __name__)

SPANS = {30: N_("the last 30 days"), 90: N_("the last 90 days"), 365: N_("the last year")}
USUAL = 90
"""Days; incidents are rare enough that a month says little."""

FRESH_DAYS = 90
KEPT_SECONDS = 60
"""A year of a busy machine is a hundred thousand alerts, which take a third of a second to count."""

GRAVITIES = {
    "critical": N_("Critical"),
    "warning": N_("Warning"),
    "other": N_("Other severities"),
    "info": N_("Notice"),
}


@blueprint.get("/figures")
@require(Role.VIEWER)
def show() -> str:
    """The figures of the span that the reader chose."""
    days = request.args.get("days", USUAL, type=int)
    if days not in SPANS:
        days = USUAL
    found = figures_of(days, now())
    return render_template(
        "respond/figures.html",
        **words(),
        figures=found,
        days=days,
        spans=[(number, _(label)) for number, label in SPANS.items()],
        gravities=[(name, _(GRAVITIES[name])) for name in GRAVITY.values()],
        blocks=blocks(found.weeks),
        picture=(WEEKS_WIDTH, WEEKS_HEIGHT),
        most=max([1, *(week.count or 0 for week in found.weeks)]),
        mean=lambda spread: format_span(spread.mean) if spread.mean is not None else "–",
    )


def figures_of(days: int, until: datetime) -> Figures:
    """The figures of the `days` before `until`; of more than `FRESH_DAYS` a minute old at most. Raises Unavailable."""
    if days <= FRESH_DAYS:
        return _read(days, until)
    kept: dict[int, Cached[Figures]] = current_app.extensions.setdefault("sereno.figures", {})
    clock = desk().clock
    if days not in kept:
        kept[days] = Cached(lambda: _read(days, clock()), seconds=KEPT_SECONDS, patience_seconds=2 * KEPT_SECONDS)
    return kept[days].get()


def _read(days: int, until: datetime) -> Figures:
    waits = waits_of(desk().surroundings.settings)
    since = until - timedelta(days=days)

    def read(session: Session) -> Figures:
        # The first account is as old as the desk: before it, nothing was watched.
        watched_since = min((user.created_at for user in accounts.users(session)), default=None)
        return read_figures(session, waits, since=since, until=until, watched_since=watched_since)

    return transact(read)
