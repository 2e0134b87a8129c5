"""The native platform: components as processes of this machine, kept alive by Supervisor."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from sereno.core.errors import SerenoError
from sereno.serve.catalogue import BY_NAME, CATALOGUE, default_ports, nginx
from sereno.serve.component import CommandHealth, Component
from sereno.serve.native import database, files
from sereno.serve.native.home import Home, State, write_whole
from sereno.serve.native.low_ports import low_ports, require_root
from sereno.serve.native.ports import choose
from sereno.serve.native.supervision import supervisord_conf
from sereno.serve.native.takeover import take_over
from sereno.serve.place import Place
from sereno.serve.platforms import ComponentStatus, Health, Narrator
from sereno.serve.ports import Neighbours
from sereno.settings import Settings

HEALTH_SECONDS = 60
_POLL_SECONDS = 0.25
_TAIL_LINES = 15

_UNKNOWN: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

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
        self._health = neighbours.health
        self._configuration_of = configuration_of
        self._certificate = certificate
        self._known_versions = _UNKNOWN

    # -- what is asked of it ------------------------------------------------------------------------------------

    def up(self, narrator: Narrator) -> None:
        """Packages, ports, files, database, then each component in order of need until it is healthy."""
        self._install(narrator)
        self._choose_ports()
        require_root(self._low_ports(), self._user)
        place = self._place()
        narrator.step("writing configuration")
        self._prepare(place)
        narrator.step("preparing the database")
        if database.initialise(self._home, self._processes, self._user):
            narrator.say("made a new database")
        self._start_supervisor(place, narrator)
        self._start_all(place, narrator)

    def down(self, narrator: Narrator, *, erase: bool = False) -> None:
        """Ask Supervisor to end everything, and look that nothing is left."""
        pid = self._supervisor_pid()
        family = self._processes.descendants(pid) if pid else []
        if self._supervisor.answers():
            narrator.step("stopping every component")
            self._supervisor.shutdown()
        self._wait_until_gone(family)
        for leftover in ("run/supervisor.sock", "run/supervisord.pid"):
            (self._home / leftover).unlink(missing_ok=True)
        if erase:
            narrator.step("removing data, secrets and logs")
            files.erase(self._home)

    def status(self) -> list[ComponentStatus]:
        """A row for each component."""
        place = self._place()
        info = self._supervisor.info()
        deaths = self._deaths()
        return [self._row(component, place, info.get(component.name), deaths) for component in CATALOGUE]

    def logs(self, component: str | None, *, follow: bool, lines: int = 50) -> Iterator[str]:
        """The last `lines` lines, and with `follow` what comes after them until interrupted."""
        names = [component] if component else [each.name for each in CATALOGUE if self._log(each.name).exists()]
        width = max((len(name) for name in names), default=0)
        streams = {
            name: self._log(name).open(encoding="utf-8", errors="replace") for name in names if self._log(name).exists()
        }
        if component and not streams:
            raise SerenoError(f"{component} has no log yet", next_step="it has not been started: ./sereno status")
        for name, stream in streams.items():
            for line in deque(stream, maxlen=lines):
                yield line.rstrip("\n") if component else f"{name:<{width}} | {line.rstrip(chr(10))}"
        while follow:
            quiet = True
            for name, stream in streams.items():
                for line in stream:
                    quiet = False
                    yield line.rstrip("\n") if component else f"{name:<{width}} | {line.rstrip(chr(10))}"
            if quiet:
                time.sleep(_POLL_SECONDS)

    def start(self, component: str) -> None:
        self._require_supervisor()
        self._ask_for_start(component)
        self._wait_until_healthy(BY_NAME[component], self._place())

    def stop(self, component: str) -> None:
        self._require_supervisor()
        self._supervisor.stop(component)

    def restart(self, component: str) -> None:
        self.stop(component)
        self.start(component)

    def run_desk(self, arguments: Sequence[str]) -> int:
        """Run a command of the desk in this process's place, with the desk's surroundings."""
        place = self._place()
        environment = {**os.environ, **BY_NAME["worker"].native.environment(place)}
        argv = [str(place.home / "venv/bin/python"), "-m", "sereno.cli", *arguments]
        return os.spawnve(os.P_WAIT, argv[0], argv, environment)  # noqa: S606 -- with this terminal.

    # -- steps of `up` -------------------------------------------------------------------------------------------

    def _install(self, narrator: Narrator) -> None:
        missing = [each for each in self._components() if each.native.package and not self._program_is_there(each)]
        if not missing:
            return
        packages = sorted({each.native.package for each in missing if each.native.package})
        narrator.step(f"installing packages: {' '.join(packages)}")
        units = [unit for each in missing for unit in each.native.units]
        log = self._home / "log/apt.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self._packages.install(packages, units, log)

    def _program_is_there(self, component: Component) -> bool:
        return _is_installed(component, self._place())

    def _components(self) -> list[Component]:
        """What runs here: everything, without the optional ones that are not installed."""
        return [each for each in CATALOGUE if not each.optional or self._program_is_there(each)]

    def _choose_ports(self) -> None:
        running = self._supervisor.answers()
        wanted = dict(self._wanted_ports)
        present = {each.name for each in self._components()} | {"nginx-http", "nginx-status"}
        wanted = {name: port for name, port in wanted.items() if name in present}
        fixed = {"mysql": self._state.ports["mysql"]} if "mysql" in self._state.ports else {}
        ours = set(self._state.ports.values()) if running else set()

        def holder(port: int):  # type: ignore[no-untyped-def]
            return None if port in ours else self._processes.port_holder(port)

        self._state.ports = dict(self._wanted_ports) | choose(wanted, fixed, holder)
        self._home.remember(self._state)

    def _low_ports(self) -> list[int]:
        return low_ports(self._components(), self._state.ports, self._processes.first_ordinary_port())

    def _prepare(self, place: Place) -> None:
        files.make_folders(self._home)
        files.make_secrets(self._home, place)
        files.copy_own(self._home, self._root)
        for component in self._components():
            files.write_configuration(self._home, place, component, self._configuration_of(component, place))
        self._certificate(self._home / "tls")
        for name in ("cert.pem", "key.pem"):
            text = (self._home / "tls" / name).read_text(encoding="utf-8")
            write_whole(self._home / "secrets" / name, text, 0o600)
        supervision = supervisord_conf(place, self._components(), low_ports=bool(self._low_ports()))
        write_whole(self._home / "etc/supervisord.conf", supervision, 0o600)
        for folder in ("etc", "data", "log", "run", "secrets", "www", "tls"):
            files.hand_over(self._home / folder, self._user)
        self._home.path.chmod(0o755)

    def _start_supervisor(self, place: Place, narrator: Narrator) -> None:
        rights = bool(self._low_ports())
        if self._supervisor.answers():
            if self._processes.may_open_low_ports(self._supervisor_pid() or 0) == rights:
                self._supervisor.reread()
                return
            narrator.say("starting the supervisor anew: ports below 1024 need a right that it is given at its start")
            self.down(narrator)
        narrator.step("starting the supervisor")
        self._processes.spawn(
            [str(place.home / "venv/bin/supervisord"), "--nodaemon", "-c", str(place.config("supervisord.conf"))],
            user=self._user,
            log=self._home / "log/supervisor-start.log",
            environment={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": str(self._home.path),
                "LANG": "C.UTF-8",
            },
            low_ports=rights,
        )
        deadline = time.monotonic() + 15
        while not self._supervisor.answers():
            if time.monotonic() > deadline:
                raise SerenoError(
                    "the supervisor does not answer",
                    next_step="read the lines above",
                    log_tail=self._tail(self._home / "log/supervisor-start.log"),
                )
            time.sleep(_POLL_SECONDS)

    def _start_all(self, place: Place, narrator: Narrator) -> None:
        before = self._read_digests()
        digests = {each.name: self._digest(each, place) for each in self._components()}
        for component in self._components():
            name = component.name
            running = self._supervisor.info().get(name, {}).get("statename") in ("RUNNING", "STARTING")
            changed = before.get(name) != digests[name]
            if changed or not running:
                self._check_configuration(component, place)
            if running and changed and _may_reload(component, before.get(name, ""), digests[name]):
                narrator.step(f"{name} takes over its new configuration")
                changed = not take_over(component, self._processes, self._supervisor)
            if running and changed:
                narrator.step(f"restarting {name}: its configuration has changed")
                self._supervisor.stop(name)
                running = False
            if not running:
                narrator.step(f"starting {name}")
                self._ask_for_start(name)
            self._wait_until_healthy(component, place)
            before[name] = digests[name]
            write_whole(self._home / "run/started.json", json.dumps(before, indent=2))

    def _check_configuration(self, component: Component, place: Place) -> None:
        """Ask the component itself, so that a mistake is told in its words and what runs goes on as it is."""
        if component.native.check is None:
            return
        done = self._processes.run(
            component.native.check(place),
            user=self._user,
            timeout_seconds=20,
            # It opens the ports as well, to see whether it could.
            low_ports=component.native.low_ports and bool(self._low_ports()),
        )
        if done.code != 0:
            raise SerenoError(
                f"{component.name} refuses its configuration",
                next_step=f"the lines above name file and line; yours are in {self._home / 'etc' / component.name}, "
                "copied from the repository's folders for them",
                log_tail=done.output.strip(),
            )

    def _ask_for_start(self, name: str) -> None:
        """Start a component now: what it died of before is forgotten, so the wrapper does not wait."""
        file = self._home / "log/deaths.jsonl"
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"at": time.time(), "component": name, "event": "asked"}) + "\n")
        files.hand_over_file(file, self._user)
        self._supervisor.start(name)

    def _digest(self, component: Component, place: Place) -> str:
        """What, when it changes, asks for a restart: command, environment and program; and files, after a space."""
        program = component.native
        process = hashlib.sha256(repr((program.argv(place), sorted(program.environment(place).items()))).encode())
        whole = hashlib.sha256()
        folder = self._home / "etc" / component.name
        read = sorted(folder.rglob("*")) if folder.exists() else []
        if component.name in ("webapp", "worker"):
            read += [self._home / "etc/sereno.toml", self._home / "venv/program.sha256"]
        read += [self._home / "secrets/cert.pem"] if component.name == "nginx" else []
        for file in read:
            if file.is_file():
                whole.update(file.read_bytes())
        program_file = Path(program.argv(place)[0])
        process.update(str(program_file.stat().st_mtime_ns).encode() if program.package else b"")
        return f"{process.hexdigest()} {whole.hexdigest()}"

    def _read_digests(self) -> dict[str, str]:
        try:
            read: dict[str, str] = json.loads((self._home / "run/started.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return read

    # -- health --------------------------------------------------------------------------------------------------

    def _wait_until_healthy(self, component: Component, place: Place) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while (wrong := self._what_is_wrong(component, place)) is not None:
            if time.monotonic() > deadline:
                raise SerenoError(
                    f"{component.name} is not healthy after {HEALTH_SECONDS} s: {wrong}",
                    next_step=f"read the lines above, and ./sereno logs {component.name}",
                    log_tail=self._tail(self._log(component.name)),
                )
            time.sleep(_POLL_SECONDS)

    def _what_is_wrong(self, component: Component, place: Place) -> str | None:
        if isinstance(component.health, CommandHealth):
            done = self._processes.run(component.health.argv(place), user=self._user, timeout_seconds=10)
            return None if done.code == 0 else done.output.strip() or f"its check ends with {done.code}"
        scheme = "https" if component.health.tls else "http"
        return self._health.http(f"{scheme}://{place.address(component.name)}{component.health.path}")

    # -- looking -------------------------------------------------------------------------------------------------

    def _row(
        self, component: Component, place: Place, info: Mapping[str, object] | None, deaths: Counter[str]
    ) -> ComponentStatus:
        limit = component.limit_mb * 1_000_000
        if info is None:
            missing = not self._program_is_there(component)
            detail = "not installed" if missing else "not running"
            return ComponentStatus(component.name, "absent" if missing else "stopped", detail=detail)
        state = str(info["statename"])
        pid = int(str(info["pid"]))
        health: Health = "stopped"
        detail = str(info.get("spawnerr") or "")
        if state in ("RUNNING", "STARTING", "BACKOFF"):
            wrong = self._what_is_wrong(component, place)
            health = "healthy" if wrong is None else "unhealthy"
            detail = detail or wrong or ""
        began = int(str(info["start"] if state == "RUNNING" else info["stop"]))
        return ComponentStatus(
            name=component.name,
            health=health,
            since=datetime.fromtimestamp(began, UTC) if began else None,
            restarts=deaths[component.name],
            memory_bytes=self._processes.memory_bytes([pid]) if pid else None,
            memory_limit_bytes=limit,
            url=self._url(component, place),
            detail=detail,
        )

    @staticmethod
    def _url(component: Component, place: Place) -> str:
        scheme = "https" if component.name == "nginx" else "http"
        return "" if component.name == "mysql" else f"{scheme}://localhost:{place.ports[component.name]}"

    def _deaths(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        try:
            for line in (self._home / "log/deaths.jsonl").read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                counted[event["component"]] += event["event"] != "asked"
        except (OSError, ValueError, KeyError):
            pass
        return counted

    def _place(self) -> Place:
        ports = self._state.ports or dict(self._wanted_ports)
        nginx_version, openssl_version = self._nginx_versions()
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
        )
        absent = (each.name for each in CATALOGUE if each.optional and not _is_installed(each, place))
        return replace(place, absent=frozenset(absent))

    def _nginx_versions(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of Nginx and its OpenSSL; empty while it is not installed, and asked again then."""
        if self._known_versions == _UNKNOWN and Path(nginx.PROGRAM).exists():
            self._known_versions = nginx.versions(self._processes.run([nginx.PROGRAM, "-V"]).output)
        return self._known_versions

    def _require_supervisor(self) -> None:
        if not self._supervisor.answers():
            raise SerenoError("Sereno is not running", next_step="./sereno up")

    def _supervisor_pid(self) -> int | None:
        try:
            return int((self._home / "run/supervisord.pid").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _wait_until_gone(self, pids: Sequence[int]) -> None:
        deadline = time.monotonic() + 60
        while alive := [pid for pid in pids if pid in self._processes.descendants(pid)]:
            if time.monotonic() > deadline:
                raise SerenoError(
                    f"these processes do not end: {alive}", next_step="look at them with ps, then end them"
                )
            time.sleep(_POLL_SECONDS)

    def _log(self, name: str) -> Path:
        return self._home / "log" / f"{name}.log"

    @staticmethod
    def _tail(file: Path) -> str:
        try:
            return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])
        except OSError:
            return ""


def _is_installed(component: Component, place: Place) -> bool:
    return Path(component.native.argv(place)[0]).exists()


def _may_reload(component: Component, before: str, now: str) -> bool:
    """Whether only files have changed, of a component that takes over new ones while it runs."""
    return component.native.reload_signal != "" and before.partition(" ")[0] == now.partition(" ")[0]


def native_ports(settings: Settings, overrides: Mapping[str, int]) -> dict[str, int]:
    """Component → the port it should have: the usual one, the settings', or the override's."""
    ports = dict(default_ports())
    ports["nginx"] = settings.site.https_port
    ports["nginx-http"] = settings.site.http_port
    ports["mysql"] = settings.database.port
    return ports | dict(overrides)
