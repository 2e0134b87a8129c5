"""Docker Engine and Compose, by their command lines: what a user would type, so that nothing else is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import IO

from sereno.core.errors import SerenoError
from sereno.outside.compose_client import find_client
from sereno.outside.docker_says import PROJECT_LABEL, Container, networks_in, read_routes, read_size
from sereno.outside.processes import Finished, Processes

_QUICK_SECONDS = 20.0
_TIMED_OUT = 124
_BUSY_SECONDS = 300.0
"""What an engine gets that starts many containers at once: it tells nothing of one before that one has started."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether a Docker Engine can be used; `problem` says in words why not."""

    answers: bool
    denied: bool = False
    problem: str = ""


def engine_state() -> EngineState:
    """Ask the engine for its version; never raises."""
    done = run(["docker", "version", "--format", "{{.Server.Version}}"])
    if done.code == 127:
        return EngineState(False, problem="the command docker is not installed")
    if done.code != 0:
        denied = "permission denied" in done.output.lower()
        return EngineState(False, denied=denied, problem=(done.output.strip().splitlines() or ["it says nothing"])[-1])
    if find_client() is None:
        return EngineState(False, problem="it answers, but no docker-compose (1.29 or newer) nor docker compose works")
    return EngineState(True)


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    timeout_seconds: float = _QUICK_SECONDS,
) -> Finished:
    """Run a command; a missing one ends with 127, one that takes too long with 124, as a shell has it."""
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=_surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except FileNotFoundError:
        return Finished(127, f"{argv[0]} is not installed")
    except subprocess.TimeoutExpired:
        return Finished(_TIMED_OUT, f"{' '.join(argv)} did not end within {timeout_seconds:.0f} s")
    return Finished(done.returncode, done.stdout)


class Running:
    """See `sereno.serve.compose.ports.Running`. What is said goes to a file, so that it never waits for a reader."""

    def __init__(self, argv: Sequence[str], cwd: Path) -> None:
        self._said: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            argv, cwd=cwd, env=_surroundings(), stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT
        )

    def finished(self) -> Finished | None:
        """Its end, or None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        self._said.seek(0)
        return Finished(code, self._said.read())

    def stop(self) -> None:
        """End it early; what it has started stays."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


class Docker:
    """See `sereno.serve.compose.ports.Engine`."""

    def __init__(self, folder: Path, project: str) -> None:
        self._folder = folder
        self._project = project
        self._ours = f"label={PROJECT_LABEL}={project}"
        self._found: tuple[str, ...] | None = None

    # -- containers ----------------------------------------------------------------------------------------------

    def containers(self) -> list[Container]:
        """Every container of the project, running or not."""
        ids = self._docker("ps", "--all", "--quiet", "--no-trunc", "--filter", self._ours).split()
        if not ids:
            return []
        # One that is removed at this moment makes inspect fail, yet it still tells of the others.
        told = run(["docker", "inspect", *ids], timeout_seconds=_BUSY_SECONDS)
        start, end = told.output.find("["), told.output.rfind("]")
        if start < 0:
            raise self._unanswered(told)
        return [Container.of(each) for each in json.loads(told.output[start : end + 1])]

    def ask(self, container: str, argv: Sequence[str]) -> Finished:
        """Run a short command in a container."""
        return run(["docker", "exec", container, *argv], timeout_seconds=10)

    def attach(self, container: str, argv: Sequence[str], environment: Sequence[str]) -> int:
        """Run a command in a container with this terminal; its exit code."""
        terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        given = [word for pair in environment for word in ("--env", pair)]
        words = ["docker", "exec", "--interactive", *terminal, *given, container, *argv]
        return subprocess.run(words, check=False).returncode

    def tail(self, container: str, lines: int) -> str:
        """The last lines of a container's log."""
        return run(["docker", "logs", "--tail", str(lines), container]).output.rstrip()

    def memory(self) -> dict[str, int]:
        """Service → bytes in use: proportional set size where this user may read it, else what the engine counts."""
        running = [each for each in self.containers() if each.state == "running"]
        found = {each.service: _proportional(each) for each in running}
        measured = {service: size for service, size in found.items() if size is not None}
        rest = [each for each in running if each.service not in measured]
        return measured | (self._counted(rest) if rest else {})

    def _counted(self, containers: Sequence[Container]) -> dict[str, int]:
        told = run(["docker", "stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}",
                    *(each.id for each in containers)])  # fmt: skip
        by_id = {line.split()[0]: line.split()[1] for line in told.output.splitlines() if len(line.split()) > 1}
        return {each.service: read_size(by_id[each.id]) for each in containers if each.id in by_id}

    # -- Compose -------------------------------------------------------------------------------------------------

    def compose(self, arguments: Sequence[str], *, timeout_seconds: float = 600) -> Finished:
        """Run a Compose command to its end."""
        return run([*self._client(), *arguments], cwd=self._folder, timeout_seconds=timeout_seconds)

    def feed(self, arguments: Sequence[str], given: Path | None, *, timeout_seconds: float = 3600) -> Finished:
        """Run a Compose command to its end with the file `given` as its standard input (None: nothing).

        What it says is its output alone when it ends well, else its errors too.
        """
        with (given or Path(os.devnull)).open("rb") as source:
            done = subprocess.run(
                [*self._client(), *arguments],
                cwd=self._folder,
                env=_surroundings(),
                stdin=source,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_seconds,
                check=False,
            )
        return Finished(done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr)

    def begin(self, arguments: Sequence[str]) -> Running:
        """Start a Compose command and come back at once."""
        return Running([*self._client(), *arguments], self._folder)

    def logs(self, service: str | None, *, follow: bool, lines: int) -> Iterator[str]:
        """Lines of one service's log, or of all with the service's name before each."""
        words = ["logs", "--no-color", f"--tail={lines}", *(["--follow"] if follow else [])]
        process = subprocess.Popen(
            [*self._client(), *words, *([service] if service else [])],
            cwd=self._folder,
            env=_surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
        try:
            for line in process.stdout or ():
                name, bar, text = line.rstrip("\n").partition("| ")
                if bar:
                    short = re.sub(r"[-_]\d+$", "", name.strip())
                    yield text if service else f"{short:<18}| {text}"
        finally:
            process.terminate()
            process.wait()

    def _client(self) -> tuple[str, ...]:
        if self._found is None:
            found = find_client(self._made_by())
            if found is None:
                raise SerenoError(
                    "neither docker-compose (1.29 or newer) nor docker compose works here",
                    next_step="apt-get install docker-compose",
                )
            self._found = found
        return self._found

    def _made_by(self) -> str:
        """The version of Compose that made our containers; empty when there are none."""
        label = '{{.Label "com.docker.compose.version"}}'
        told = run(["docker", "ps", "--all", "--filter", self._ours, "--format", label])
        return (told.output.split() or [""])[0] if told.code == 0 else ""

    # -- images and networks -------------------------------------------------------------------------------------

    def has_image(self, tag: str) -> bool:
        """Whether the image is on this machine."""
        return self.image_id(tag) is not None

    def image_id(self, tag: str) -> str | None:
        """What the tag stands for on this machine."""
        done = run(["docker", "image", "inspect", "--format", "{{.Id}}", tag])
        return done.output.strip() if done.code == 0 else None

    def tag(self, image: str, tag: str) -> None:
        """Have the tag stand for the image of that id."""
        self._docker("image", "tag", image, tag)

    def pull(self, tag: str) -> Finished:
        """Fetch an image from its registry."""
        return run(["docker", "pull", "--quiet", tag], timeout_seconds=900)

    def networks_taken(self) -> list[IPv4Network]:
        """Every network that this machine already has a route to, or that the engine has made for others."""
        listed = self._docker("network", "ls", "--quiet").split()
        ours, others = networks_in(json.loads(self._docker("network", "inspect", *listed)), self._project)
        # Our own may be there without a container of ours: what a restore runs to its end makes them.
        routes = read_routes(Path("/proc/net/route").read_text(encoding="ascii"))
        return others + [route for route in routes if route not in ours]

    def _docker(self, *words: str) -> str:
        done = run(["docker", *words], timeout_seconds=_BUSY_SECONDS)
        if done.code != 0:
            raise self._unanswered(done)
        return done.output

    @staticmethod
    def _unanswered(done: Finished) -> SerenoError:
        said = done.output.strip()
        if done.code == _TIMED_OUT:
            return SerenoError(
                "the Docker Engine is too busy to answer",
                next_step="wait until the machine is calmer, then run ./sereno up again: it goes on where it was",
                log_tail=said,
            )
        denied = "permission denied" in said.lower()
        return SerenoError(
            "the Docker Engine denies this user permission" if denied else "the Docker Engine does not answer",
            next_step="use sudo, or join the group docker" if denied else "start it: sudo systemctl start docker",
            log_tail=said,
        )


def _proportional(container: Container) -> int | None:
    """Its processes' proportional set size; None when it runs elsewhere or may not be read."""
    try:
        owner = Path(f"/proc/{container.pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return None
    return Processes().memory_bytes([container.pid]) if container.id in owner else None


def _surroundings() -> dict[str, str]:
    """This process's environment without what would make Compose read another file or take another name."""
    return {name: value for name, value in os.environ.items() if name not in ("COMPOSE_FILE", "COMPOSE_PROJECT_NAME")}
