"""`/backups`: what there is, whether each was proven to restore, and one more at an operator's word."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from sereno.core.errors import Conflict, Unavailable
from sereno.core.units import format_bytes
from sereno.guard import audit
from sereno.guard.model import Role
from sereno.keep.backups import orders
from sereno.keep.backups.store import Order
from sereno.web.auth import require
from sereno.web.here import actor, known_identity, now, transact

blueprint = Blueprint("backups", __name__)


@blueprint.get("/backups")
@require(Role.VIEWER)
def show() -> str:
    """Every file with its proof."""
    return render_template(
        "keep/backups.html",
        now=now(),
        seen=transact(orders.overview),
        may_ask=known_identity().role >= Role.OPERATOR,
        format_bytes=format_bytes,
    )


@blueprint.post("/backups")
@require(Role.OPERATOR)
def ask() -> Response:
    """Have the worker make one now."""
    try:
        order_one()
    except Conflict:
        flash(_("A backup is being made already. Wait until it has ended."), "bad")
    except Unavailable:
        flash(_("The worker has told nothing of backups yet. Look at ./sereno status."), "bad")
    else:
        flash(_("A backup has been asked for; it begins within seconds."), "ok")
    return redirect("/backups", 303)


def order_one() -> Order:
    """Ask for a backup and note who did. Raises Conflict or Unavailable."""
    who, moment = actor(), now()

    def work(session: Session) -> Order:
        order = orders.ask(session, by=who.name, now=moment)
        audit.record(session, who, "backup.ask", f"backup-order:{order.id}", now=moment)
        return order

    return transact(work)
