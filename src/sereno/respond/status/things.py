"""What users have watched of their own, on the status page: services and probes, under their headings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sereno.core.text import Text
from sereno.watch.model import ComponentReading, State
from sereno.watch.probes.model import Probe, Source


@dataclass(frozen=True, slots=True)
class Watched:
    """Something of the user's own. `public` is whether strangers may see it; `group` is its heading, may be empty."""

    name: str
    title: Text
    kind: Literal["service", "probe"]
    group: str = ""
    public: bool = True

    @classmethod
    def of(cls, probe: Probe) -> Watched:
        """What a probe stands for: a service has one of its own."""
        english = probe.title.en or probe.name
        return cls(
            name=probe.name,
            title=Text(english, probe.title.es or english),
            kind="service" if probe.source is Source.SERVICE else "probe",
            group=probe.group,
            public=probe.public,
        )


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of the user's own, and what is known of it."""

    watched: Watched
    reading: ComponentReading

    @property
    def is_down(self) -> bool:
        """Whether it is known to be down."""
        return self.reading.state is State.DOWN

    @property
    def was_lost(self) -> bool:
        """Whether it was known once and is not any more."""
        return self.reading.state is State.UNKNOWN and self.reading.since is not None


@dataclass(frozen=True, slots=True)
class Group:
    """Things under one heading; services and probes without a heading have the empty one."""

    title: str
    things: tuple[Thing, ...]

    @property
    def has_public(self) -> bool:
        """Whether strangers see anything of it."""
        return any(thing.watched.public for thing in self.things)


def groups(watched: Sequence[Watched], readings: Sequence[ComponentReading]) -> tuple[Group, ...]:
    """Under their headings, each in the order of its first thing; what has no heading comes first."""
    by_name = {each.name: each for each in readings}
    things = [Thing(each, by_name.get(each.name, ComponentReading(each.name, State.UNKNOWN))) for each in watched]
    titles = sorted(dict.fromkeys(thing.watched.group for thing in things), key=bool)
    return tuple(Group(title, tuple(each for each in things if each.watched.group == title)) for title in titles)
