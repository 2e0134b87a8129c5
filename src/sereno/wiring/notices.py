"""Notices and heartbeats, introduced to the settings and to each other."""

from __future__ import annotations

import json

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import SettingsError
from sereno.database.session import Database
from sereno.respond.heartbeats.service import Heartbeats
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.service import Incidents
from sereno.respond.notices.messages import Message, Voice
from sereno.respond.notices.service import Notices
from sereno.settings.notify import CHANNEL_SECRET
from sereno.wiring import Surroundings

NOTIFIER = "sereno.worker.notifier"
"""The module of the process that sends."""


def voice_of(surroundings: Surroundings) -> Voice:
    """How messages speak here."""
    settings = surroundings.settings
    return Voice(settings.notify.language or settings.site.language, settings.site.base_url, settings.notify.time_zone)


def open_notices(surroundings: Surroundings, database: Database, *, clock: Clock = utc_now) -> Notices:
    """The desk's notices."""
    return Notices(database, surroundings.settings.notify, voice_of(surroundings), clock=clock)


def open_heartbeats(surroundings: Surroundings, database: Database, *, clock: Clock = utc_now) -> Heartbeats:
    """The desk's heartbeats."""
    incidents = Incidents(database, clock=clock, rules=Rules.of(surroundings.settings))
    return Heartbeats(database, incidents, clock=clock)


def address_of(surroundings: Surroundings, name: str) -> str:
    """The channel's address, a secret. Raises SettingsError when it can't be read or there is no such channel."""
    for channel in surroundings.settings.notify.channels:
        if channel.name == name:
            return surroundings.secret(CHANNEL_SECRET + name) if channel.url_file else channel.url.get_secret_value()
    raise SettingsError(
        f"there is no channel {name!r}",
        next_step=f"known: {', '.join(each.name for each in surroundings.settings.notify.channels) or 'none'}",
    )


def written(id: int, url: str, message: Message) -> str:
    """A message and where it goes, as the process that sends reads it."""
    said = {"title": message.title, "text": message.text, "markdown": message.markdown}
    return json.dumps({"id": id, "url": url, **said})
