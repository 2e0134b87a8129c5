"""Every machine's gauges in a line each, on the operators' home: shown where the settings name further machines."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask, render_template
from flask_babel import gettext as _
from markupsafe import Markup

from sereno.core.errors import Unavailable
from sereno.guard.model import Identity
from sereno.respond.status.gauges import Gauge
from sereno.web.desk import desk
from sereno.web.front import reader
from sereno.web.home import add_part

blueprint = Blueprint("machines", __name__)


def home_part(_identity: Identity) -> Markup | None:
    """A row for this machine and for each further one; nothing without further ones."""
    if not desk().surroundings.settings.hosts:
        return None
    try:
        status = reader().live()
    except Unavailable:
        return None  # The page says elsewhere that the desk cannot look.
    this = (status.host_name or _("this one"), status.gauges)
    rows = [this, *((machine.name, machine.gauges) for machine in status.machines)]
    words = render_template("respond/home_machines.html", machines=[(name, _in_a_row(each)) for name, each in rows])
    return Markup(words)  # noqa: S704 -- our own template, which has escaped what it was given.


def _in_a_row(gauges: tuple[Gauge, ...]) -> tuple[Gauge, Gauge, Gauge]:
    """Processors, memory, and of the disks the fullest."""
    cpu, memory, *disks = gauges
    return cpu, memory, min(disks, key=lambda disk: 101.0 if disk.percent is None else disk.percent)


blueprint.record_once(lambda state: add_part(cast(Flask, state.app), home_part))
