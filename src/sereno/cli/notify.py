"""`./sereno notify`: tries the ways to tell people, from where the desk itself would send."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand
from sereno.core.errors import SerenoError, UsageError
from sereno.wiring import Surroundings

ENOUGH_SECONDS = 300
"""Each channel takes 40 s at most."""


@click.group()
def notify() -> None:
    """The ways in which people are told of incidents."""


@notify.command(cls=DeskCommand)
@click.option("--channel", default="", metavar="NAME", help="Only this one; left out: all.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def test(channel: str, as_json: bool) -> None:
    """Send a test message to each channel, and say what came of it."""
    surroundings = Surroundings.from_environment(os.environ)
    known = [each.name for each in surroundings.settings.notify.channels]
    if channel and channel not in known:
        raise UsageError(f"there is no channel {channel!r}", next_step=f"known: {', '.join(known) or 'none'}")
    if not known:
        raise UsageError(
            "sereno.toml names no channel", next_step="add a table [[notify.channels]] as in sereno.example.toml"
        )
    told = _send(surroundings, [channel] if channel else known)
    if as_json:
        show_json(told)
    else:
        show_table(
            ("channel", "sent", "what came of it"),
            [(str(each["channel"]), "yes" if each["sent"] else "no", str(each["words"])) for each in told],
        )
    if not all(each["sent"] for each in told):
        sys.exit(1)


def _send(surroundings: Surroundings, channels: list[str]) -> list[dict[str, object]]:
    """By the same child as the worker, so that what works here works there."""
    from sereno.outside.child import Answering
    from sereno.respond.notices import messages
    from sereno.wiring.notices import NOTIFIER, address_of, voice_of, written

    voice = voice_of(surroundings)
    told: dict[str, dict[str, object]] = {}
    lines = []
    for number, name in enumerate(channels):
        try:
            url = address_of(surroundings, name)
        except SerenoError as error:
            told[name] = {"channel": name, "sent": False, "permanent": True, "words": error.message}
            continue
        lines.append(written(number, url, messages.test(name, voice)))
    child = Answering(NOTIFIER, lines)
    deadline = time.monotonic() + ENOUGH_SECONDS
    while child.is_alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    for line in child.lines():
        answer = json.loads(line)
        name = channels[answer["id"]]
        told[name] = {
            "channel": name,
            "sent": answer["good"],
            "permanent": answer["permanent"],
            "words": answer["words"],
        }
    unanswered = {"sent": False, "permanent": False, "words": "it was not tried: time was up"}
    return [told.get(name, {"channel": name, **unanswered}) for name in channels]
