"""Starts a private Docker Engine from the distribution's packages and ends it with all that it started.

The engine has its own data, sockets, processes and, unless told otherwise, its own network, so it neither
disturbs an engine that already runs on the machine nor takes that machine's ports. Typical use:

    with engine(tmp_path) as docker:
        docker.run(["docker-compose", "up", "-d"], cwd=clone)
        with docker.network():
            urllib.request.urlopen("http://127.0.0.1:8080/")
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from tests.equipment.docker import network, processes
from tests.equipment.docker.packages import EquipmentError, need, say

Network = Literal["own", "host"]

# A socket's path may have 107 bytes; containerd's sockets lie a few folders below the root.
_LONGEST_ROOT = 60
_START_SECONDS = 60.0
_STOP_SECONDS = 25.0
_NOTE = "engine.json"
_PROGRAMS = {"dockerd": "docker.io", "ip": "iproute2", "iptables": "iptables", "nsenter": "util-linux"}


@dataclass
class Engine:
    """A running private engine."""

    root: Path
    data: Path
    pid: int
    isolated: bool
    env: dict[str, str]
    _uplink: network.Uplink | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        """The socket that clients speak to; reachable from every network namespace."""
        return self.root / "docker.sock"

    @property
    def log(self) -> Path:
        """The daemon's own log."""
        return self.root / "dockerd.log"

    def prefix(self) -> list[str]:
        """The words that, put before a command, run it where the published ports are."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"] if self.isolated else []

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        check: bool = True,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command against this engine, on its network, and returns what it printed.

        Raises EquipmentError with the command's own words when `check` is set and it fails.
        """
        done = subprocess.run(
            [*self.prefix(), *command],
            cwd=cwd,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            said = f"{done.stdout}\n{done.stderr}".strip()
            raise EquipmentError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
        return done

    def docker(self, *words: str, check: bool = True, timeout: float = 600) -> str:
        """Runs one docker command and returns its output without the final line break."""
        return self.run(["docker", *words], check=check, timeout=timeout).stdout.strip()

    @contextlib.contextmanager
    def network(self) -> Iterator[None]:
        """Moves the calling thread, and what it starts, to where the published ports are."""
        if self.isolated:
            with network.entered(self.pid):
                yield
        else:
            yield

    def restart(self) -> None:
        """Ends everything and starts the daemon anew on the same data, in a new network: to containers, a reboot."""
        self.stop()
        again = start(self.root, data=self.data, where="own" if self.isolated else "host")
        self.pid, self._uplink = again.pid, again._uplink

    def stop(self) -> None:
        """Ends the containers, the daemon and every process it started; data and images stay."""
        processes.end(self.pid, marks=_marks(self.root), seconds=_STOP_SECONDS)
        if self._uplink is not None:
            network.disconnect(self._uplink)
        (self.root / _NOTE).unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)


@contextlib.contextmanager
def engine(root: Path | None = None, *, data: Path | None = None, where: Network = "own") -> Iterator[Engine]:
    """Gives a private engine for the length of a `with` block; see `start` for the parameters.

    Without `root` a folder is made for it and removed afterwards.
    """
    folder = root or Path(tempfile.mkdtemp(prefix="engine-"))
    running = start(folder, data=data, where=where)
    try:
        yield running
    finally:
        running.stop()
        if root is None:
            shutil.rmtree(folder, ignore_errors=True)


def start(root: Path, *, data: Path | None = None, where: Network = "own") -> Engine:
    """Starts an engine below `root` and returns once it answers.

    `data` is where images and volumes are kept (default: `root/data`); give the same folder again and the
    images are still there. One engine at a time may use it. `where` is "own" for a network of its own, or
    "host" to publish ports on the machine itself, which is refused while another engine does so.

    Raises EquipmentError when not root, when packages are missing and can't be installed, when the folder's
    path is too long for sockets or its data is in use, or when the daemon does not answer within a minute.
    """
    need(_PROGRAMS)
    root = root.resolve()
    data = (data or root / "data").resolve()
    _refuse(root, data, where)
    root.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    isolated = where == "own"
    (root / "docker.sock").unlink(missing_ok=True)
    # A killed engine's note of its containerd would be believed: dockerd takes the dead one's zombie for alive.
    shutil.rmtree(root / "x", ignore_errors=True)
    with (root / "dockerd.log").open("ab") as log:
        daemon = _spawn(root, data, isolated, log)
    running = Engine(root, data, daemon.pid, isolated, client_environment(root))
    try:
        if isolated:
            _await_namespace(daemon)
            running._uplink = network.connect(daemon.pid)
        # The daemon waits for this line, so that it finds its network complete.
        assert daemon.stdin is not None
        daemon.stdin.write(b"go\n")
        daemon.stdin.close()
        _await_answer(running, daemon)
    except BaseException:
        running.stop()
        raise
    _remember(running)
    return running


def attach(root: Path) -> Engine:
    """Finds the engine that runs below `root`, started here or by another process.

    Raises EquipmentError when none runs there.
    """
    root = root.resolve()
    note = root / _NOTE
    if note.exists():
        told = json.loads(note.read_text())
        command = dict(processes.listing()).get(told["pid"], [])
        if f"--exec-root={root}/x" in command:
            uplink = network.Uplink.of(told["uplink"]) if told["uplink"] else None
            data = Path(told["data"])
            return Engine(root, data, told["pid"], told["isolated"], client_environment(root), uplink)
    raise EquipmentError(f"No engine runs below {root}. Start one: python -m tests.equipment.docker start {root}")


def _remember(running: Engine) -> None:
    uplink = running._uplink.words() if running._uplink else None
    note = {"pid": running.pid, "isolated": running.isolated, "data": str(running.data), "uplink": uplink}
    (running.root / _NOTE).write_text(json.dumps(note) + "\n")


def client_environment(root: Path) -> dict[str, str]:
    """The environment in which docker and Compose speak to the engine below `root`, and to nobody else."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "COMPOSE_"))}
    return {
        **kept,
        "DOCKER_HOST": f"unix://{root}/docker.sock",
        "DOCKER_CONFIG": f"{root}/config",
    }


def _refuse(root: Path, data: Path, where: Network) -> None:
    if os.geteuid() != 0:
        raise EquipmentError("A Docker Engine needs root: run these tests with sudo.")
    if len(str(root)) > _LONGEST_ROOT:
        raise EquipmentError(f"{root} is too long for a socket's path: give a folder of {_LONGEST_ROOT} bytes at most.")
    for pid, command in processes.listing():
        if processes.name(command) != "dockerd":
            continue
        if f"--exec-root={root}/x" in command:
            raise EquipmentError(f"An engine (pid {pid}) already runs below {root}: use `attach`, or stop it first.")
        if f"--data-root={data}" in command:
            raise EquipmentError(
                f"{data} is in use by the engine with pid {pid}: stop that one, or give another folder."
            )
        if where == "host" and processes.same_network(pid):
            raise EquipmentError(f"Another Docker Engine (pid {pid}) has this machine's network: use where='own'.")
    # What a killed run of ours left behind, containers and shims, is ended by its marks.
    processes.end(None, marks=_marks(root), seconds=_STOP_SECONDS)


def _marks(root: Path) -> tuple[str, ...]:
    """Texts that only the command lines of this engine's own processes contain."""
    return (f"--exec-root={root}/x", f"{root}/x/containerd/")


def _spawn(root: Path, data: Path, isolated: bool, log: IO[bytes]) -> subprocess.Popen[bytes]:
    daemon = [
        "dockerd",
        f"--data-root={data}",
        f"--exec-root={root}/x",
        f"--pidfile={root}/dockerd.pid",
        f"--host=unix://{root}/docker.sock",
        "--shutdown-timeout=5",
    ]
    # The root mount is made shared in a mount namespace of the daemon's own: `rslave` volumes then work and
    # the machine's own mounts stay as they are.
    story = 'mount --make-rshared / && { ip link set lo up; read -r _ && exec "$@"; }'
    unshare = ["unshare", "--mount", *(["--net"] if isolated else [])]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return subprocess.Popen(
        [*unshare, "sh", "-c", story, "sh", *daemon],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd="/",
        env={**os.environ, "PATH": path},
        start_new_session=True,
    )


def _await_namespace(daemon: subprocess.Popen[bytes]) -> None:
    """Waits until the child has left this network, or the cable would end in the machine's own."""
    deadline = time.monotonic() + 10
    while daemon.poll() is None and processes.same_network(daemon.pid):
        if time.monotonic() > deadline:
            raise EquipmentError("The engine's network namespace does not come up; is unshare allowed here?")
        time.sleep(0.01)


def _await_answer(running: Engine, daemon: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            break
        if running.socket.exists():
            # The socket is there before the daemon listens to it: a question then hangs until it does.
            with contextlib.suppress(subprocess.TimeoutExpired):
                version = running.docker("version", "--format", "{{.Server.Version}}", check=False, timeout=5)
                if version:
                    say(f"Docker Engine {version} answers at unix://{running.socket} (pid {daemon.pid})")
                    return
        time.sleep(0.1)
    last = running.log.read_text(errors="replace").splitlines()[-15:]
    raise EquipmentError("The Docker Engine does not answer. Its last words:\n" + "\n".join(last))
