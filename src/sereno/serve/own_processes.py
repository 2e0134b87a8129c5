"""Which processes of the machine are ours: a pattern of each component's command line, for process-exporter. Pure.

A name alone would take every Nginx and every database of the machine for ours. Natively a command line names our own
home, or a port that only one process can have. In Compose process-exporter sees the whole machine too, and the
patterns hold the very words that our Compose file gives each program. A child that matches nothing counts with its
parent: Nginx's workers, which name no file, with their first process; a server that a proof of backups starts, with
the worker.
"""

from __future__ import annotations

import re

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.component import Component
from sereno.serve.place import Place

SUPERVISOR = "supervisor"
_WORDS = 5
"""Enough to be ours alone, and few enough to be read."""


def own_processes(place: Place) -> list[tuple[str, str]]:
    """Group and pattern (RE2) for each component at `place`; natively for Supervisor as well.

    The pattern also holds for the wrapper by which Supervisor starts a component (`native/respawn.py`). Were it seen
    before it becomes the program, it would be counted with Supervisor from then on.
    """
    if not place.native:
        return [(each.name, each.container_processes or _by_command(each, place)) for each in CATALOGUE]
    groups = [(each.name, _literally(" ".join(each.native.argv(place)))) for each in CATALOGUE]
    return [*groups, (SUPERVISOR, _literally(f" -c {place.config('supervisord.conf')}"))]


def _by_command(component: Component, place: Place) -> str:
    """The image's own program, with the first words of our Compose file after it; variables may hold anything.

    Users may add words of their own behind ours (docker-compose.override.yml).
    """
    words = " ".join(component.compose(place)["command"][:_WORDS])
    parts = re.split(r"\$\{[^}]*\}", words)
    return "^[^ ]+ " + "[^ ]*".join(_literally(each.replace("$$", "$")) for each in parts)


def _literally(text: str) -> str:
    return re.sub(r"([][.^$*+?{}()|\\])", r"\\\1", text)
