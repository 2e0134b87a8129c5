"""`/status/<name>` of one component and `/history/<yyyy-mm>` of one month, for everyone."""

from __future__ import annotations

from datetime import UTC, date

from flask import Blueprint, Response, abort, make_response, redirect, render_template

from sereno.respond.maintenance.model import Phase
from sereno.respond.status.news import month_after, month_before, month_of
from sereno.respond.status.uptime import Day, day_start, months, total
from sereno.watch.model import ComponentReading
from sereno.web.auth import current_identity_or_none, public
from sereno.web.desk import desk
from sereno.web.front import View, past, reader, shared, view_now
from sereno.web.i18n import language
from sereno.web.public_words import public_words, titles

blueprint = Blueprint("public_pages", __name__)


@blueprint.get("/status/<name>")
@public
def component(name: str) -> Response:
    """How one component is and was: days, months, years, incidents. 404 for what strangers may not know of."""
    view = view_now()
    reading = shown_reading(view, name, hidden=current_identity_or_none() is not None)
    if reading is None:
        abort(404)
    words = public_words(view.status, language())
    coming = [one for one in view.news.maintenance if one.covers(name)]
    return shared(
        make_response(
            render_template(
                "respond/component.html",
                reading=reading,
                title=words["titles"][name],
                uptime=view.uptimes.get(name),
                years=_years(past().days_of(name)),
                incidents=past().incidents_of(name),
                running=[one for one in coming if one.phase(view.now) is Phase.RUNNING],
                planned=[one for one in coming if one.phase(view.now) is Phase.PLANNED],
                badge=name in titles(view.status, language()),
                **words,
            )
        )
    )


@blueprint.get("/history")
@public
def this_month() -> Response:
    """The present month has an address of its own, like the others."""
    return make_response(redirect(f"/history/{desk().clock().astimezone(UTC):%Y-%m}", code=302))


@blueprint.get("/history/<month>")
@public
def history(month: str) -> Response:
    """Incidents and maintenance of one month, by days of UTC. 404 for what is no month, and for those to come."""
    begin, present = month_of(month), desk().clock().astimezone(UTC).date().replace(day=1)
    if begin is None or begin > present or begin.year < 2000:
        abort(404)
    incidents, planned = past().month(day_start(begin), day_start(month_after(begin)))
    return shared(
        make_response(
            render_template(
                "respond/history.html",
                month=begin,
                before=month_before(begin),
                after=month_after(begin) if begin < present else None,
                incidents=incidents,
                planned=planned,
                **public_words(reader().live(), language()),
            )
        )
    )


def shown_reading(view: View, name: str, *, hidden: bool = False) -> ComponentReading | None:
    """What is known of a component now; None when there is none of that name that may be shown."""
    found = (*view.status.components, *(thing.reading for thing in view.status.things))
    allowed = titles(view.status, "en", hidden=hidden)
    return next((one for one in found if one.name == name and name in allowed), None)


def _years(days: dict[date, Day]) -> list[tuple[int, Day, list[tuple[date, Day]]]]:
    """Each year with its sum and its months, the newest first."""
    by_month = months(days)
    years = sorted({month.year for month, _ in by_month}, reverse=True)
    return [
        (
            year,
            total(day for month, day in by_month if month.year == year),
            [each for each in by_month if each[0].year == year],
        )
        for year in years
    ]
