"""The platform Docker Compose: components as containers, from the file that a person can use by hand as well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sereno.core.errors import SerenoError, UsageError
from sereno.serve.catalogue import BY_NAME, CATALOGUE
from sereno.serve.catalogue.desk import IMAGE
from sereno.serve.compose import environment, stale
from sereno.serve.compose.checks import check
from sereno.serve.compose.front import NGINX, Front, put_back_when_refused, refuse_loopback
from sereno.serve.compose.health import CRASHES, health_of
from sereno.serve.compose.images import build, pull
from sereno.serve.compose.ports import Container, Engine
from sereno.serve.compose.rendered import BESIDE, IN_THE_REPOSITORY, own, write_beside
from sereno.serve.compose.rows import row
from sereno.serve.compose.watch import TAIL_LINES, Watch
from sereno.serve.compose_parts import OPS_GATEWAY, default_of
from sereno.serve.native.home import EXAMPLES_FILE, Home, State, write_whole
from sereno.serve.native.ports import choose
from sereno.serve.platforms import ComponentStatus, Narrator
from sereno.serve.ports import Processes
from sereno.serve.render import compose_place
from sereno.serve.upgrade import taken_back
from sereno.settings import Settings

PROJECT = "docker"
"""Compose's own choice of a name: the folder's. Hand-typed commands use it, and a file for 1.29 can't say another."""

NGINX_CONF = "docker/nginx/nginx.conf"
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Machine:
    """What the platform has to know of where it is typed."""

    hostname: str
    lab_machine: bool
    """Whether this is the classroom's virtual machine, whose ports are forwarded from loopback elsewhere."""
    overrides: tuple[str, ...]
    """Settings that the environment overrides (SERENO_SECTION__KEY)."""
    caller: str
    """Who types, for the audit trail."""


class ComposePlatform:
    """See `sereno.serve.platforms.Platform`."""

    name = "compose"

    def __init__(
        self,
        *,
        root: Path,
        home: Home,
        settings: Settings,
        state: State,
        engine: Engine,
        processes: Processes,
        machine: Machine,
        files: Callable[[], Mapping[str, str]],
        certificate: Callable[[Path], None],
    ) -> None:
        self._root = root
        self._folder = root / "docker"
        self._home = home
        self._settings = settings
        self._state = state
        self._engine = engine
        self._processes = processes
        self._machine = machine
        self._files = files
        self._certificate = certificate
        self._place = compose_place(settings)
        self._watch = Watch(engine)
        self._front = Front(engine, root, self._place)

    # -- what is asked of it -------------------------------------------------------------------------------------

    def up(self, narrator: Narrator) -> None:
        """Files, certificate, image, images, containers, then health."""
        self._refuse_overrides()
        gateway = environment.read(self._environment()).get("SERENO_OPS_GATEWAY", default_of(OPS_GATEWAY))
        refuse_loopback(self._settings, gateway)
        containers = self._watch.containers()
        self._refuse_another_clone(containers)
        self._follow_what_is_chosen(containers, narrator)
        before = self._engine.image_id(IMAGE)
        with put_back_when_refused(self._folder / ".env", self._folder / BESIDE / NGINX_CONF):
            rendered = self._write_files(narrator)
            self._write_environment(rendered, first=not containers)
            self._check_ports(containers)
            build(self._engine, narrator)
            self._pull(narrator)
            behind = stale.older_than_their_files(self._root, self._place, containers, rendered)
            if NGINX in behind and not self._front.is_behind(containers, rendered):
                behind.remove(NGINX)
            check(self._engine, behind, narrator)
        try:
            self._start(rendered, narrator)
        except SerenoError as error:
            if before is None or before == self._engine.image_id(IMAGE):
                raise
            raise taken_back(error, narrator, lambda: self._run_again(before)) from error

    def _start(self, rendered: str, narrator: Narrator) -> None:
        self._start_all(narrator)
        for name in stale.older_than_their_files(self._root, self._place, self._watch.containers(), rendered):
            if name == NGINX and self._takes_over(rendered, narrator):
                continue
            narrator.step(f"restarting {name}: its configuration has changed")
            self._compose("restart", name)
        self._watch.wait_for([each.name for each in CATALOGUE])
        self._watch.wait_until_ready("webapp")

    def _run_again(self, image: str) -> bool:
        """Start the desk from another image of it; whether everything is healthy then."""
        self._engine.tag(image, IMAGE)
        try:
            self._compose("up", "-d", "--remove-orphans")
            self._watch.wait_for([each.name for each in CATALOGUE])
            self._watch.wait_until_ready("webapp")
        except SerenoError:
            return False
        return True

    def down(self, narrator: Narrator, *, erase: bool = False) -> bool:
        """Stop and remove the containers (False: there were none); with `erase` the volumes and machine's choices."""
        present = self._watch.containers()
        narrator.step("stopping every container")
        self._compose("down", "--remove-orphans", *(["--volumes"] if erase else []))
        if erase:
            file = self._folder / ".env"
            left = [line for line in environment.merged(self._environment(), {}).splitlines() if "=" in line]
            write_whole(file, "\n".join([*left, ""])) if left else file.unlink(missing_ok=True)
            for file in (self._home.state_file, self._home / EXAMPLES_FILE):
                file.unlink(missing_ok=True)
        return bool(present)

    def status(self) -> list[ComponentStatus]:
        """A row for each component."""
        containers = self._watch.containers()
        memory = self._engine.memory()
        https = self._settings.site.https_port
        return [row(each, containers, memory, watch=self._watch, https_port=https) for each in CATALOGUE]

    def logs(self, component: str | None, *, follow: bool, lines: int = 50) -> Iterator[str]:
        """Lines of one container's log, or of all with the component's name before each."""
        return self._engine.logs(component, follow=follow, lines=lines)

    def start(self, component: str) -> None:
        """Start one container, made anew if it is gone, and wait until it is healthy."""
        self._compose("up", "-d", "--no-deps", component)
        self._watch.wait_for([component])

    def stop(self, component: str) -> None:
        """Stop one container; the engine leaves it alone until it is started."""
        self._compose("stop", component)

    def restart(self, component: str) -> None:
        """Stop and start one container."""
        self._compose("restart", component)
        self._watch.wait_for([component])

    def run_desk(self, arguments: Sequence[str]) -> int:
        """Run `sereno ARGUMENTS` in a container of the desk; the worker's, since it is there when the web is not."""
        containers = self._watch.containers()
        running = [each for each in ("worker", "webapp") if health_of(containers.get(each)) in ("healthy", "starting")]
        if not running:
            raise SerenoError("the desk does not run", next_step="./sereno up, or ./sereno start worker")
        command = ["python", "-m", "sereno.cli", *arguments]
        return self._engine.attach(containers[running[0]].id, command, [f"SUDO_USER={self._machine.caller}"])

    # -- steps of `up` -------------------------------------------------------------------------------------------

    def _refuse_overrides(self) -> None:
        if self._machine.overrides:
            raise UsageError(
                f"with Compose, settings are read from sereno.toml alone; the environment has "
                f"{', '.join(self._machine.overrides)}",
                next_step="write them into sereno.toml, so that hand-typed commands follow them too",
            )

    def _refuse_another_clone(self, containers: Mapping[str, Container]) -> None:
        others = {each.folder for each in containers.values()} - {"", str(self._folder)}
        if others:
            raise SerenoError(
                f"containers of another Compose project named {PROJECT} are here, from {', '.join(sorted(others))}",
                next_step=f"stop that one (docker-compose down in its folder), or rename one folder {PROJECT}",
            )

    def _follow_what_is_chosen(self, containers: Mapping[str, Container], narrator: Narrator) -> None:
        """A stack that was started by hand has chosen already, also when it is down now: it stays what it is."""
        database = containers["mysql"].image if "mysql" in containers else ""
        profile, lab = environment.chosen(environment.read(self._environment()), database)
        if (profile or self._state.profile, lab or self._state.lab) != (self._state.profile, self._state.lab):
            self._state.profile, self._state.lab = profile or self._state.profile, lab or self._state.lab
            classroom = ", in the classroom" if self._state.lab else ""
            narrator.say(f"what is here has the profile {self._state.profile}{classroom}: it stays that")
            self._home.remember(self._state)

    def _environment(self) -> str:
        file = self._folder / ".env"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _write_environment(self, rendered: str, *, first: bool) -> None:
        present = self._environment()
        lines = environment.wanted(
            profile=self._state.profile,
            lab=self._state.lab,
            lab_machine=self._machine.lab_machine,
            hostname=self._machine.hostname,
        ) | environment.of_settings(self._settings)
        if rendered != IN_THE_REPOSITORY:
            lines[environment.RENDERED] = rendered
        if first and "SERENO_OPS_SUBNET" not in environment.read(present):
            lines |= self._network()
        write_whole(self._folder / ".env", environment.merged(present, lines))
        own(self._folder / ".env")

    def _network(self) -> dict[str, str]:
        free = environment.free_network(self._engine.networks_taken())
        if free is None:
            raise SerenoError(
                "each network that the stack could use overlaps one that this machine has",
                next_step="set SERENO_OPS_SUBNET and SERENO_OPS_GATEWAY in docker/.env to a free one",
            )
        return environment.network_lines(free)

    def _write_files(self, narrator: Narrator) -> str:
        """Write what the settings make otherwise than it is checked in; the folder of the files, seen from `docker`."""
        where = write_beside(self._root, self._files(), narrator)
        folder = self._folder / "nginx/ssl"
        self._certificate(folder)
        for pem in folder.glob("*.pem"):
            own(pem)
        return where

    def _check_ports(self, containers: Mapping[str, Container]) -> None:
        site = self._settings.site
        wanted = {"nginx": site.https_port, "nginx-http": site.http_port, "grafana": 3000, "prometheus": 9090,
                  "alertmanager": 9093, "node-exporter": 9100}  # fmt: skip
        ours = {name for name, each in containers.items() if each.state in ("running", "restarting")}
        choose({name: port for name, port in wanted.items() if name.removesuffix("-http") not in ours}, {},
               self._processes.port_holder)  # fmt: skip

    def _pull(self, narrator: Narrator) -> None:
        chosen = environment.read(self._environment()).get("SERENO_DATABASE_IMAGE", BY_NAME["mysql"].image)
        tags = [chosen if each.name == "mysql" else each.image for each in CATALOGUE if "build" not in
                each.compose(self._place)]  # fmt: skip
        pull(self._engine, tags, narrator)

    def _start_all(self, narrator: Narrator) -> None:
        """`up -d`, telling of each container that becomes healthy while it waits for them."""
        narrator.step("starting containers")
        present = self._watch.containers()
        before = {name: each.restarts for name, each in present.items()}
        told = {name for name, each in present.items() if each.health == "healthy"}
        command = self._engine.begin(["up", "-d", "--remove-orphans"])
        while (done := command.finished()) is None:
            containers = self._watch.containers()
            for name, container in containers.items():
                if name in BY_NAME and name not in told and container.health == "healthy":
                    told.add(name)
                    narrator.say(f"{name} is healthy")
                if container.restarts - before.get(name, 0) >= CRASHES:
                    command.stop()
                    raise self._watch.failure(name, containers)
            time.sleep(_POLL_SECONDS)
        if done.code != 0:
            containers = self._watch.containers()
            raise self._watch.failure(self._watch.culprit(containers), containers, done.output)

    def _takes_over(self, rendered: str, narrator: Narrator) -> bool:
        """Whether Nginx works with its new files by now, by a reload where it did not already."""
        containers = self._watch.containers()
        if not self._front.is_behind(containers, rendered):
            return True
        narrator.step("nginx takes over its new configuration")
        return self._front.take_over(containers[NGINX])

    def _compose(self, *arguments: str) -> None:
        done = self._engine.compose(arguments)
        if done.code != 0:
            raise SerenoError(
                f"docker-compose {' '.join(arguments)} failed",
                next_step="read the lines above",
                log_tail="\n".join(done.output.strip().splitlines()[-TAIL_LINES:]),
            )
