"""Probes, introduced to the database, the audit trail, this machine's names, and blackbox-exporter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from sereno.core.errors import Unavailable
from sereno.core.files import replace_file
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard.model import Actor
from sereno.outside import lookup
from sereno.outside.blackbox import BlackboxExporter
from sereno.serve.catalogue import BY_NAME
from sereno.settings import Settings
from sereno.watch.ports import Prometheus
from sereno.watch.probes import Probe, service, settings_probes, store
from sereno.watch.probes.judge import Found, Inside
from sereno.watch.probes.model import DESKS_OWN_PROBES
from sereno.watch.probes.modules import MODULES_FILE, modules, render_modules
from sereno.watch.probes.ports import Exporter, Lookup
from sereno.watch.probes.seen import NOTHING, Seen, seen
from sereno.watch.probes.stored import Stored, fields_of, handed_out
from sereno.watch.probes.targets import targets
from sereno.wiring import Surroundings


def names_of_settings(settings: Settings) -> frozenset[str]:
    """Names that no stored probe may have: measurements are labelled with them already."""
    others = (each.name for part in (settings.services, settings.probes, settings.hosts) for each in part)
    return frozenset((*BY_NAME, *DESKS_OWN_PROBES, *others))


@dataclass(frozen=True, slots=True)
class MachineLookup:
    """See `sereno.watch.probes.ports.Lookup`."""

    platform: str
    inner_ports: frozenset[int]

    def found(self, host: str) -> Sequence[Found]:
        """The addresses of `host`; in Compose the engine's own, at its networks' gateway, is near as well."""
        gateway = lookup.gateway() if self.platform == "compose" else None
        return [Found(each, lookup.is_own(each) or each == gateway) for each in lookup.addresses(host)]

    def inside(self) -> Inside:
        """The ports; in Compose the containers too, by name and by where they are now. Nginx is for everyone."""
        if self.platform != "compose":
            return Inside(self.inner_ports)
        names = frozenset(BY_NAME) - {"nginx", "node-exporter"}
        addresses = frozenset(address for name in names for address in lookup.addresses(name, seconds=1.0))
        return Inside(self.inner_ports, names, addresses)

    def may_ping(self) -> bool:
        """As this process may; blackbox-exporter runs as the same user, or in a container like this one."""
        return lookup.may_ping((os.getegid(), *os.getgroups()))


@dataclass(frozen=True, slots=True)
class Listed:
    """A probe as lists show it; `stored` is None for one of the settings file. `is_hidden`: the file uses its name."""

    probe: Probe
    stored: Stored | None
    seen: Seen
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Probes:
    """What the desk's doors can do with probes; each change is told to the audit trail in its own transaction.

    `of_settings` are those of the settings file, in its order; `taken` are names that no stored probe may have.
    """

    database: Database
    of_settings: tuple[Probe, ...]
    taken: frozenset[str]
    lookup: Lookup

    def stored(self) -> list[Stored]:
        """Those that were added at the desk, by name. Raises Unavailable."""
        return in_one_transaction(self.database, store.stored_probes)

    def one(self, id: int) -> Stored:
        """A stored probe by its number. Raises NoSuchProbe."""
        return in_one_transaction(self.database, lambda session: service.one(session, id))

    def named(self, name: str) -> Stored:
        """A stored probe by its name. Raises NoSuchProbe."""
        return in_one_transaction(self.database, lambda session: service.named(session, name))

    def asked(self) -> list[Stored]:
        """The stored probes that are asked: without those whose name the settings file has come to use."""
        return service.shown(self.stored(), self.taken)

    def listed(self, prometheus: Prometheus) -> list[Listed]:
        """All of them, those of the settings file first, with what was seen last; unknown while nobody can say."""
        try:
            last = seen(prometheus)
        except Unavailable:
            last = {}
        listed = [Listed(each, None, last.get(each.name, NOTHING)) for each in self.of_settings]
        for each in self.stored():
            is_hidden = each.probe.name in self.taken
            answer = NOTHING if is_hidden or each.refused else last.get(each.probe.name, NOTHING)
            listed.append(Listed(each.probe, each, answer, is_hidden))
        return listed

    def targets(self) -> list[dict[str, Any]]:
        """What Prometheus is told to ask, beside what stands in its file."""
        return targets(probe for each in self.asked() if (probe := handed_out(each)) is not None)

    def add(self, probe: Probe, *, actor: Actor, now: datetime) -> Stored:
        """Store a probe. Raises TargetRefused, NameTaken or Conflict."""
        address = service.accepted_address(probe, self.lookup)

        def work(session: Session) -> Stored:
            added = service.add(session, probe, address=address, taken=self.taken, by=actor.name, now=now)
            audit.record(session, actor, "probe.add", f"probe:{probe.name}", now=now, new=fields_of(added.probe))
            return added

        return in_one_transaction(self.database, work)

    def change(self, id: int, probe: Probe, *, actor: Actor, now: datetime) -> Stored:
        """Give a stored probe new values. Raises NoSuchProbe, TargetRefused or NameTaken."""
        address = service.accepted_address(probe, self.lookup)

        def work(session: Session) -> Stored:
            before, after = service.change(session, id, probe, address=address, taken=self.taken, now=now)
            was, becomes = fields_of(before.probe), fields_of(after.probe)
            changed = [name for name in was if was[name] != becomes[name]]
            if changed:
                old, new = ({name: values[name] for name in changed} for values in (was, becomes))
                audit.record(session, actor, "probe.change", f"probe:{before.probe.name}", now=now, old=old, new=new)
            return after

        return in_one_transaction(self.database, work)

    def remove(self, id: int, *, actor: Actor, now: datetime) -> Stored:
        """Remove a stored probe; what it was. Raises NoSuchProbe."""

        def work(session: Session) -> Stored:
            gone = service.remove(session, id)
            audit.record(session, actor, "probe.remove", f"probe:{gone.probe.name}", now=now, old=fields_of(gone.probe))
            return gone

        return in_one_transaction(self.database, work)

    def look_up_again(self, now: datetime) -> None:
        """Find and judge the host of every stored probe anew: a name may have come to mean another place."""
        for each in self.stored():
            address, why = service.judged(each.probe, self.lookup, each.address)
            if (address, why) != (each.address, each.refused):
                in_one_transaction(
                    self.database,
                    lambda session, each=each, address=address, why=why: service.note_looked_up(  # type: ignore[misc]
                        session, each, address, why, now
                    ),
                )


class ModulesWriter:
    """Keeps blackbox-exporter's file in step with the probes there are.

    The file is written only when its text changes. blackbox-exporter is told at a change and once after the start,
    since `up` and `prepare` write the file too; what could not be told is told again.
    """

    def __init__(self, probes: Probes, folder: Path, exporter: Exporter) -> None:
        self._probes = probes
        self._file = folder / MODULES_FILE
        self._exporter = exporter
        self._told = ""

    def write(self) -> None:
        """Write and tell if need be. Raises Unavailable or OSError; then the next turn tries again."""
        stored = (handed_out(each) for each in self._probes.asked())
        wanted = modules([*self._probes.of_settings, *(each for each in stored if each is not None)])
        text = render_modules(wanted)
        if self._file.read_text(encoding="utf-8", errors="replace") != text:
            replace_file(self._file, text.encode())
            self._told = ""
        if self._told != text:
            self._exporter.reload()
            self._told = text


def open_probes(surroundings: Surroundings, database: Database) -> Probes:
    """Probes as the desk's doors use them."""
    settings = surroundings.settings
    return Probes(
        database,
        settings_probes(settings, nginx=surroundings.nginx_address, inside=surroundings.nginx_inside),
        names_of_settings(settings),
        MachineLookup(surroundings.platform, frozenset(surroundings.inner_ports.values())),
    )


def open_modules_writer(surroundings: Surroundings, database: Database) -> ModulesWriter:
    """Who keeps blackbox-exporter's file; for the worker alone."""
    exporter = BlackboxExporter(surroundings.blackbox_url)
    return ModulesWriter(open_probes(surroundings, database), surroundings.probes, exporter)
