"""The native platform: components as processes of this machine, kept alive by Supervisor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from sereno.core.errors import SerenoError
from sereno.serve.catalogue import BY_NAME, CATALOGUE, default_ports
from sereno.serve.component import Component
from sereno.serve.native import database, files, memory
from sereno.serve.native.daemon import Daemon
from sereno.serve.native.death_book import DeathBook
from sereno.serve.native.ends import read_last_ends
from sereno.serve.native.home import Home, State, write_whole
from sereno.serve.native.logs import read_logs
from sereno.serve.native.low_ports import low_ports, require_root
from sereno.serve.native.names import name_servers
from sereno.serve.native.ports import choose
from sereno.serve.native.programs import Versions, is_installed
from sereno.serve.native.pulse import Pulse
from sereno.serve.native.release import Release, Releases
from sereno.serve.native.rows import component_row, orphan_row, supervisor_row
from sereno.serve.native.starting import Starter
from sereno.serve.native.supervision import LISTENER, supervisord_conf
from sereno.serve.place import Place
from sereno.serve.platforms import ComponentStatus, Narrator
from sereno.serve.ports import Neighbours
from sereno.settings import Settings
from sereno.settings.model import DatabaseSection

ConfigurationOf = Callable[[Component, Place], dict[str, str]]
"""Files of a component that another room writes (alert rules, provisioning): name → text."""

Certificate = Callable[[Path], None]
"""Makes sure that a certificate and its key lie in a folder as `cert.pem` and `key.pem`."""


class NativePlatform:
    """See `sereno.serve.platforms.Platform`."""

    name = "native"

    def __init__(
        self,
        *,
        home: Home,
        root: Path,
        settings: Settings,
        state: State,
        user: str,
        wanted_ports: Mapping[str, int],
        neighbours: Neighbours,
        configuration_of: ConfigurationOf,
        certificate: Certificate,
        overriding: Mapping[str, str],
    ) -> None:
        self._home = home
        self._root = root
        self._settings = settings
        self._state = state
        self._user = user
        self._wanted_ports = wanted_ports
        self._processes = neighbours.processes
        self._packages = neighbours.packages
        self._supervisor = neighbours.supervisor
        self._configuration_of = configuration_of
        self._certificate = certificate
        self._deaths = DeathBook(home, user)
        self._versions = Versions(home, neighbours.processes)
        self._pulse = Pulse(home, user, processes=neighbours.processes, health=neighbours.health, deaths=self._deaths)
        self._release = Release.of_this_process()
        self._releases = Releases(home)
        self._overriding = overriding
        self._daemon = Daemon(home, root, user, neighbours=neighbours, overriding=overriding)
        self._starter = Starter(home, user, neighbours=neighbours, pulse=self._pulse, deaths=self._deaths)

    # -- what is asked of it ------------------------------------------------------------------------------------

    def up(self, narrator: Narrator) -> None:
        """Packages, ports, files, database, then each component in order of need until it is healthy."""
        self._install(narrator)
        if not self._supervisor.answers():
            self._daemon.end_leftovers(narrator)
        self._choose_ports()
        require_root(self._low_ports(), self._user)
        place = self._place()
        narrator.step("writing configuration")
        self._prepare(place)
        narrator.step("preparing the database")
        if database.initialise(self._home, self._processes, self._user):
            narrator.say("made a new database")
        self._releases.take_over(self._release)
        self._daemon.start(place, narrator, low_ports=bool(self._low_ports()))
        self._starter.start_all(self._components(), place, narrator, low_ports=bool(self._low_ports()))
        self._releases.became_healthy(self._release)
        self._releases.remove_others(self._release, self._processes.uses)

    def down(self, narrator: Narrator, *, erase: bool = False) -> bool:
        """Ask Supervisor to end everything, and look that nothing is left; False when nothing ran."""
        ran = self._daemon.end(narrator, for_good=erase)
        memory.give_back(self._home)
        if erase:
            narrator.step("removing data, secrets and logs")
            files.erase(self._home)
        return ran

    def status(self) -> list[ComponentStatus]:
        """A row for each component, and one for Supervisor while it runs."""
        place = self._place()
        info = self._supervisor.info()
        deaths, ends = self._deaths.deaths(), read_last_ends(self._home / "log/supervisord.log")
        rows = [
            component_row(
                each,
                place,
                info.get(each.name),
                deaths[each.name],
                ends.get(each.name),
                pulse=self._pulse,
                processes=self._processes,
                versions=self._versions,
            )
            for each in CATALOGUE
        ]
        if not info:
            left = set(self._processes.left_in(self._home.path).values())
            return [orphan_row(row) if row.name in left else row for row in rows]
        pids = [pid for pid in (self._daemon.pid(), int(info.get(LISTENER, {}).get("pid", 0))) if pid]
        return [*rows, supervisor_row(pids, version("supervisor"), self._processes)]

    def logs(self, component: str | None, *, follow: bool, lines: int = 50) -> Iterator[str]:
        """The last `lines` lines, and with `follow` what comes after them until interrupted."""
        if component and not self._log(component).exists():
            raise SerenoError(f"{component} has no log yet", next_step="it has not been started: ./sereno status")
        names = [component] if component else [each.name for each in self._components()]
        return read_logs({name: self._log(name) for name in names}, follow=follow, lines=lines, named=component is None)

    def start(self, component: str) -> None:
        """Start one component and wait until it is healthy."""
        self._require(component)
        self._starter.ask_for_start(component)
        self._pulse.wait_until_healthy(BY_NAME[component], self._place())

    def stop(self, component: str) -> None:
        """Stop one component; one that is stopped is left alone."""
        self._require(component)
        self._supervisor.stop(component)

    def restart(self, component: str) -> None:
        """Stop and start one component; one that is stopped is started."""
        self.stop(component)
        self.start(component)

    def run_desk(self, arguments: Sequence[str]) -> int:
        """Run a command of the desk in this process's place, with the desk's surroundings."""
        place = self._place()
        environment = {**os.environ, **BY_NAME["worker"].native.environment(place)}
        argv = [str(place.environment / "bin/python"), "-m", "sereno.cli", *arguments]
        return os.spawnve(os.P_WAIT, argv[0], argv, environment)  # noqa: S606 -- with this terminal.

    # -- steps of `up` -------------------------------------------------------------------------------------------

    def _install(self, narrator: Narrator) -> None:
        packaged = {each.native.package: each for each in self._components() if each.native.package}
        missing = sorted(name for name, each in packaged.items() if not self._program_is_there(each))
        # A program may lie there already when the installation that has brought it was killed.
        if not missing and not self._packages.unfinished(list(packaged)):
            return
        narrator.step(f"installing packages: {' '.join(missing)}" if missing else "looking after the packages")
        units = [unit for name in missing for unit in packaged[name].native.units]
        log = self._home / "log/apt.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._packages.install(missing, units, log, narrator.say)
        except SerenoError as error:
            if missing:
                raise
            # Everything that runs is there; whether it works is seen when it starts.
            narrator.tell(error)

    def _program_is_there(self, component: Component) -> bool:
        return is_installed(component, self._place())

    def _components(self) -> list[Component]:
        """What runs here: everything, without the optional ones that are not installed."""
        return [each for each in CATALOGUE if not each.optional or self._program_is_there(each)]

    def _choose_ports(self) -> None:
        running = self._supervisor.answers()
        wanted = dict(self._wanted_ports)
        present = {each.name for each in self._components()} | {"nginx-http", "nginx-status"}
        wanted = {name: port for name, port in wanted.items() if name in present}
        # Where the database has once found a free port it stays, unless the settings name another.
        named = self._settings.database.port != DatabaseSection().port
        fixed = {} if named or "mysql" not in self._state.ports else {"mysql": self._state.ports["mysql"]}
        ours = set(self._state.ports.values()) if running else set()

        def holder(port: int):  # type: ignore[no-untyped-def]
            return None if port in ours else self._processes.port_holder(port)

        self._state.ports = dict(self._wanted_ports) | choose(wanted, fixed, holder)
        self._home.remember(self._state)

    def _low_ports(self) -> list[int]:
        return low_ports(self._components(), self._state.ports, self._processes.first_ordinary_port())

    def _prepare(self, place: Place) -> None:
        files.make_folders(self._home)
        memory.ensure(self._home, self._user)
        files.make_secrets(self._home, place)
        files.copy_own(self._home, self._root)
        files.bring_passphrase(self._home, self._root, self._settings)
        files.bring_logo(self._home, self._root, self._settings)
        files.bring_notify_secrets(self._home, self._root, self._settings)
        files.keep_named(self._home, self._root, self._settings)
        for component in self._components():
            files.write_configuration(self._home, place, component, self._configuration_of(component, place))
        self._certificate(self._home / "tls")
        files.copy_scripts(self._home)
        supervision = supervisord_conf(place, self._components(), low_ports=bool(self._low_ports()))
        write_whole(self._home / "etc/supervisord.conf", supervision, 0o600)
        for folder in ("etc", "data", "log", "run", "secrets", "www", "tls"):
            files.hand_over(self._home / folder, self._user)
        self._home.path.chmod(0o755)

    # -- looking -------------------------------------------------------------------------------------------------

    def _place(self) -> Place:
        ports = self._state.ports or dict(self._wanted_ports)
        nginx_version, openssl_version = self._versions.of_nginx()
        place = Place(
            platform="native",
            profile="small" if self._state.profile == "small" else "standard",
            settings=self._settings,
            home=PurePosixPath(self._home.path),
            hosts=dict.fromkeys(ports, "127.0.0.1"),
            ports=ports,
            lab=self._state.lab,
            user=self._user,
            versions={"nginx": nginx_version},
            openssl=openssl_version,
            ipv6=Path("/proc/net/if_inet6").exists(),
            environment=PurePosixPath(self._release.environment),
            program=PurePosixPath(self._release.program),
            overrides={name: value for name, value in self._overriding.items() if "__" in name},
            base_python=PurePosixPath(os.path.realpath(self._release.python)),
            name_servers=name_servers(),
        )
        absent = (each.name for each in CATALOGUE if each.optional and not is_installed(each, place))
        return replace(place, absent=frozenset(absent))

    def _require(self, component: str) -> None:
        """Raise SerenoError when nothing of ours runs, or the component is not installed."""
        if not self._supervisor.answers():
            raise SerenoError("Sereno is not running", next_step="./sereno up")
        if component not in self._supervisor.info():
            raise SerenoError(f"{component} is not installed here", next_step="sudo ./sereno up --yes installs it")

    def _log(self, name: str) -> Path:
        return self._home / "log" / f"{name}.log"


def native_ports(settings: Settings, overrides: Mapping[str, int]) -> dict[str, int]:
    """Component → the port it should have: the usual one, the settings', or the override's."""
    ports = dict(default_ports())
    ports["nginx"] = settings.site.https_port
    ports["nginx-http"] = settings.site.http_port
    ports["mysql"] = settings.database.port
    return ports | dict(overrides)
