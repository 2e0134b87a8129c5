"""`/desk`, the operators' home: what is there to do, for the reader's role. Other rooms add parts of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Flask, current_app, render_template
from flask_babel import gettext as _
from markupsafe import Markup

from sereno.guard.model import Identity, Role
from sereno.web.auth import require
from sereno.web.here import known_identity
from sereno.web.i18n import N_
from sereno.web.menu import open_paths

blueprint = Blueprint("home", __name__)

Part = Callable[[Identity], Markup | None]
"""Renders a room's part of the home page for a reader, or None when it has nothing for them."""

_PARTS = "sereno.home.parts"


@dataclass(frozen=True, slots=True)
class Door:
    """A place to go from the home page. A path of our own is shown only when a view answers it for the reader."""

    path: str
    title: str
    description: str
    role: Role = Role.VIEWER
    behind_nginx: bool = False


DOORS = (
    Door("/", N_("Status page"), N_("What everyone sees: is it up, since when, how full.")),
    Door("/incidents", N_("Incidents"), N_("What is wrong, who has it, and what was done.")),
    Door("/figures", N_("Figures"), N_("How fast trouble is noticed, taken and ended.")),
    Door("/alerts", N_("Alerts"), N_("What fires now, and what has fired.")),
    Door("/services", N_("Services"), N_("What of your own is served and probed, and how it answered last.")),
    Door("/maintenance", N_("Scheduled maintenance"), N_("What is planned, told to everyone, and silent meanwhile.")),
    Door("/backups", N_("Backups"), N_("What is saved each night, and whether it restores.")),
    Door("/certificates", N_("Certificates"), N_("What visitors are shown, until when, and how renewing it goes.")),
    Door("/users", N_("Users"), N_("Who may sign in, and what they may do."), Role.ADMIN),
    Door("/audit", N_("Audit trail"), N_("Who did what, from where, when."), Role.ADMIN),
    Door("/account", N_("Your account"), N_("Your password, your language, where you are signed in.")),
    Door("/api/docs", N_("API"), N_("Everything the desk can do, for programs.")),
    Door("/grafana/", "Grafana", N_("Dashboards, where Grafana is installed."), behind_nginx=True),
    Door("/prometheus/", "Prometheus", N_("Ask the measurements yourself."), Role.OPERATOR, behind_nginx=True),
    Door("/alertmanager/", "Alertmanager", N_("Groups and silences of alerts."), Role.OPERATOR, behind_nginx=True),
)


def add_part(app: Flask, part: Part) -> None:
    """Let a room show something of its own above the doors."""
    app.extensions.setdefault(_PARTS, []).append(part)


@blueprint.get("/desk")
@require(Role.VIEWER)
def show() -> str:
    """Parts of the rooms first, then the doors that the reader may open."""
    identity = known_identity()
    parts = [rendered for part in _parts() if (rendered := part(identity)) is not None]
    return render_template("guard/home.html", parts=parts, doors=_doors(identity))


def _parts() -> list[Part]:
    return cast(list[Part], current_app.extensions.get(_PARTS, []))


def _doors(identity: Identity) -> list[Door]:
    ours = open_paths(identity)
    return [
        Door(door.path, _(door.title), _(door.description), door.role, door.behind_nginx)
        for door in DOORS
        if identity.role >= door.role and (door.behind_nginx or door.path in ours)
    ]
