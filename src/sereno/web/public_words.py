"""What the templates of all public pages are given: names, words, and how to write numbers and Markdown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from sereno.core.units import format_span
from sereno.respond.incidents.grouping import MACHINE
from sereno.respond.incidents.markdown import to_html
from sereno.respond.maintenance.model import Phase, in_language
from sereno.respond.status.model import Status
from sereno.respond.status.uptime import percent_words
from sereno.serve.catalogue import BY_NAME
from sereno.watch.model import State
from sereno.web.auth import current_identity_or_none
from sereno.web.desk import desk
from sereno.web.i18n import N_
from sereno.web.logo import logo_url

STATES = {State.UP: N_("Up"), State.DOWN: N_("Down"), State.UNKNOWN: N_("Unknown")}
STATE_BADGES = {State.UP: "ok", State.DOWN: "bad", State.UNKNOWN: "unknown"}
PHASES = {
    Phase.PLANNED: N_("Planned"),
    Phase.RUNNING: N_("Under way"),
    Phase.ENDED: N_("Done"),
    Phase.CANCELLED: N_("Cancelled"),
}


def public_words(status: Status, code: str) -> dict[str, Any]:
    """The names by which templates know them. Of what is not for strangers no title is given to strangers."""
    settings, now = desk().surroundings.settings, desk().clock()
    return {
        "site": settings.status_page.title or settings.site.domain or status.host_name or "Sereno",
        "logo": logo_url(),
        "base": settings.site.base_url,
        "titles": titles(status, code, hidden=current_identity_or_none() is not None),
        "states": STATES,
        "state_badges": STATE_BADGES,
        "phases": PHASES,
        "percent_words": percent_words,
        "duration_words": lambda seconds: format_span(timedelta(seconds=seconds)),
        "in_language": in_language,
        "markdown": _markdown,
        "now": now,
    }


def titles(status: Status, code: str, *, hidden: bool = False) -> dict[str, str]:
    """How components are called, by name; what users keep off the page only with `hidden`."""
    own = {name: component.title.in_language(code) for name, component in BY_NAME.items()}
    return (
        own
        | {MACHINE: _("The machine")}
        | {
            each.watched.name: each.watched.title.in_language(code)
            for each in status.things
            if hidden or each.watched.public
        }
    )


def _markdown(text: str) -> Markup:
    return Markup(to_html(text))  # noqa: S704 -- it has been sanitised there.
