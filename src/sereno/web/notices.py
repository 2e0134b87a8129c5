"""`/notices`: who was told of what, by which channel, after how many tries; for operators."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import Conflict
from sereno.database.base import LARGEST_NUMBER
from sereno.guard.model import Role
from sereno.respond.notices.model import SUMMARY, State
from sereno.respond.notices.store import Wanted
from sereno.web.auth import require
from sereno.web.here import actor, now
from sereno.web.i18n import N_
from sereno.web.notices_api import channel_names, notices

blueprint = Blueprint("notices", __name__, url_prefix="/notices")

PAGE = 40
STATES = {
    State.QUEUED: N_("Waiting"),
    State.SENT: N_("Sent"),
    State.FAILED: N_("Failed, is tried again"),
    State.GIVEN_UP: N_("Given up"),
    State.SUPPRESSED: N_("Not sent"),
}
BADGES = {State.QUEUED: "plain", State.SENT: "ok", State.FAILED: "warn", State.GIVEN_UP: "bad",
          State.SUPPRESSED: "unknown"}  # fmt: skip
STAGES = {
    "opened": N_("opened"),
    "severity-raised": N_("severity raised"),
    "acknowledged": N_("acknowledged"),
    "published": N_("told in public"),
    "resolved": N_("resolved"),
    "reopened": N_("reopened"),
    SUMMARY: N_("several in one"),
}
OUTCOMES = {
    "": N_("under way"),
    "sent": N_("sent"),
    "failed": N_("failed"),
    "refused": N_("refused for good"),
    "interrupted": N_("interrupted: it may have arrived"),
}


@blueprint.get("")
@require(Role.OPERATOR)
def show() -> str:
    """What there is, newest first, each with its tries."""
    state, channel = request.args.get("state", ""), request.args.get("channel", "")[:40]
    before = request.args.get("before", "")
    wanted = Wanted(
        state=State(state) if state in set(State) else None,
        channel=channel,
        before=min(int(before), LARGEST_NUMBER) if before.isascii() and before.isdigit() and len(before) < 20 else None,
        limit=PAGE,
    )
    page = notices().page(wanted)
    older = None
    if page.next is not None:
        older = "/notices?" + urlencode({"state": state, "channel": channel, "before": page.next})
    return render_template(
        "respond/notices.html",
        now=now(),
        page=page,
        older=older,
        wanted=wanted,
        channels=channel_names(),
        channels_to_choose=[("", _("All")), *((name, name) for name in channel_names())],
        states=STATES,
        states_to_choose=[(each.value, _(words)) for each, words in STATES.items()],
        badges=BADGES,
        stages=STAGES,
        outcomes=OUTCOMES,
        retried=(State.GIVEN_UP, State.FAILED),
    )


@blueprint.post("/<int:id>/retry")
@require(Role.OPERATOR)
def retry(id: int) -> Response:
    """Send it within seconds."""
    try:
        notices().try_again(id, actor())
    except Conflict:
        flash(_("This notice was sent already, or is told by another one."), "bad")
    else:
        flash(_("The notice is sent within seconds."), "ok")
    return make_response(redirect("/notices", code=303))
