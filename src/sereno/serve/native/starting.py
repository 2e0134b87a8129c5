"""Starting components one after the other, and taking over what has changed in those that run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.serve.component import Component
from sereno.serve.native.death_book import DeathBook
from sereno.serve.native.home import Home, write_whole
from sereno.serve.native.pulse import Pulse
from sereno.serve.native.takeover import take_over
from sereno.serve.place import Place
from sereno.serve.platforms import Narrator
from sereno.serve.ports import Neighbours

_RUNS = ("RUNNING", "STARTING")


class Starter:
    """Starts the components of one home."""

    def __init__(self, home: Home, user: str, *, neighbours: Neighbours, pulse: Pulse, deaths: DeathBook) -> None:
        self._home = home
        self._user = user
        self._processes = neighbours.processes
        self._supervisor = neighbours.supervisor
        self._health = neighbours.health
        self._pulse = pulse
        self._deaths = deaths

    def start_all(
        self, components: Sequence[Component], place: Place, narrator: Narrator, *, low_ports: bool = False
    ) -> None:
        """Each in turn until it is healthy; what runs and is right is left alone.

        What is remembered of each (`run/started.json`) is written when it is healthy, so that being killed half-way
        costs no more than a further restart. Raises SerenoError naming the component that is not right.
        """
        before = self._read_digests()
        digests = {each.name: self._digest(each, place) for each in components}
        for component in components:
            name = component.name
            changed = before.get(name) != digests[name]
            running = self._runs(name)
            if changed or not running:
                self._check(component, place, low_ports=low_ports and component.native.low_ports)
            if running and changed:
                only_files = before.get(name, "").partition(" ")[0] == digests[name].partition(" ")[0]
                self._take_over(component, place, narrator, only_files=only_files)
            elif not running:
                narrator.step(f"starting {name}")
                self.ask_for_start(name)
            self._pulse.wait_until_healthy(component, place)
            before[name] = digests[name]
            write_whole(self._home / "run/started.json", json.dumps(before, indent=2))
        for component in components:
            self._pulse.wait_until_ready(component, place)

    def ask_for_start(self, name: str) -> None:
        """Start a component now: what it died of before is forgotten, so its wrapper does not wait."""
        self._deaths.write_asked(name)
        self._supervisor.start(name)

    def _take_over(self, component: Component, place: Place, narrator: Narrator, *, only_files: bool) -> None:
        """By a signal where only files have changed and the program knows one, else by a restart."""
        name = component.name
        if only_files and component.native.reload_signal:
            narrator.step(f"{name} takes over its new configuration")
            if take_over(component, place, processes=self._processes, supervisor=self._supervisor, health=self._health):
                return
        narrator.step(f"restarting {name}: its configuration has changed")
        self._supervisor.stop(name)
        self.ask_for_start(name)

    def _runs(self, name: str) -> bool:
        return self._supervisor.info().get(name, {}).get("statename") in _RUNS

    def _check(self, component: Component, place: Place, *, low_ports: bool) -> None:
        """Ask the component itself, so that a mistake is told in its words and what runs goes on as it is."""
        if component.native.check is None:
            return
        # It opens the ports as well, to see whether it could.
        done = self._processes.run(
            component.native.check(place), user=self._user, timeout_seconds=20, low_ports=low_ports
        )
        if done.code != 0:
            raise SerenoError(
                f"{component.name} refuses its configuration",
                next_step=f"the lines above name file and line; yours are in {self._home / 'etc' / component.name}, "
                "copied from the repository's folders for them",
                log_tail=done.output.strip(),
            )

    def _digest(self, component: Component, place: Place) -> str:
        """What, when it changes, asks for a restart: command, environment and program; and files, after a space."""
        program = component.native
        process = hashlib.sha256(repr((program.argv(place), sorted(program.environment(place).items()))).encode())
        process.update(str(Path(program.argv(place)[0]).stat().st_mtime_ns).encode() if program.package else b"")
        folder = self._home / "etc" / component.name
        read = sorted(folder.rglob("*")) if folder.exists() else []
        if component.name in ("webapp", "worker"):
            read.append(self._home / "etc/sereno.toml")
        read += [self._home / "tls/served/cert.pem"] if component.name == "nginx" else []
        return f"{process.hexdigest()} {_digest_of(read)}"

    def _read_digests(self) -> dict[str, str]:
        try:
            read: dict[str, str] = json.loads((self._home / "run/started.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return read


def _digest_of(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        if file.is_file():
            whole.update(file.read_bytes())
    return whole.hexdigest()
