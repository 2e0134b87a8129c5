"""Processes and ports of this machine."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sereno.core.errors import SerenoError

_FIRST_ORDINARY_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_PATIENCE_SECONDS = 35
"""The database may take half a minute to end in good order."""
_KILL_SECONDS = 10
_POLL_SECONDS = 0.1
_NET_BIND_SERVICE = 10
"""The number of CAP_NET_BIND_SERVICE; see capabilities(7)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who listens on a port; `pid` is None when that can't be seen without root."""

    pid: int | None
    program: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A command's exit code, and what it wrote to output and errors together."""

    code: int
    output: str


class Processes:
    """See `sereno.serve.ports.Processes`."""

    def port_holder(self, port: int) -> Holder | None:
        """Who listens on TCP `port`, on any address, or None."""
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    return Holder(None, "a program of another user")
                return Holder(connection.pid, _name(connection.pid))
        return None if _can_bind(port) else Holder(None, "a program that cannot be seen from here")

    def run(
        self, argv: Sequence[str], *, user: str = "", timeout_seconds: float = 120, low_ports: bool = False
    ) -> Finished:
        """Run a command to its end. Raises SerenoError when it is missing or takes too long."""
        try:
            done = subprocess.run(
                _with_low_ports(argv, user) if low_ports else argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_seconds,
                check=False,
                **_as("" if low_ports else user),
            )
        except FileNotFoundError as error:
            raise SerenoError(
                f"{argv[0]} is not installed", next_step="./sereno up installs what is missing"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise SerenoError(f"{argv[0]} did not end within {timeout_seconds:.0f} s") from error
        return Finished(done.returncode, done.stdout)

    def spawn(
        self, argv: Sequence[str], *, user: str, log: Path, environment: Mapping[str, str], low_ports: bool = False
    ) -> int:
        """Start a process in a session of its own, so that it outlives this terminal."""
        with log.open("ab") as stream:
            process = subprocess.Popen(
                _with_low_ports(argv, user) if low_ports else argv,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
                **_as("" if low_ports else user),
            )
        return process.pid

    def first_ordinary_port(self) -> int:
        """What the kernel says; 1024 where it has no such setting."""
        try:
            return int(_FIRST_ORDINARY_PORT.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 1024

    def may_open_low_ports(self, pid: int) -> bool:
        """By the capabilities that the process hands on to its children; False when it is gone."""
        try:
            said = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        except OSError:
            return False
        handed_on = next((line.split()[1] for line in said.splitlines() if line.startswith("CapAmb:")), "0")
        return bool(int(handed_on, 16) >> _NET_BIND_SERVICE & 1)

    def descendants(self, pid: int) -> list[int]:
        """The pids of a process and of everything below it that is alive, zombies left out."""
        try:
            top = psutil.Process(pid)
            family = [top, *top.children(recursive=True)]
            return [each.pid for each in family if each.status() != psutil.STATUS_ZOMBIE]
        except psutil.NoSuchProcess:
            return []

    def uses(self, folder: Path) -> bool:
        """By each process's command, and the PYTHONPATH that it was given; one that hides them does not count."""
        below = f"{folder}/"
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if any(f"{word}/".startswith(below) for word in words):
                    return True
                if words and f"{process.environ().get('PYTHONPATH', '')}/".startswith(below):
                    return True
        return False

    def left_in(self, home: Path) -> dict[int, str]:
        """By what each process was given at its start; one that hides that (Nginx) by its title, or its parent."""
        found: dict[int, str] = {}
        for process in psutil.process_iter():
            name = _component_in(process, home)
            if name is not None:
                found |= dict.fromkeys(self.descendants(process.pid), name)
        return found

    def end(self, pids: Sequence[int]) -> None:
        """The uppermost are asked, so that each ends its own children in good order."""
        members = [process for pid in pids if (process := _process(pid)) is not None]
        for process in members:
            with suppress(psutil.NoSuchProcess):
                if process.ppid() not in pids:
                    process.terminate()
        members = _outlasting(members, _PATIENCE_SECONDS)
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        members = _outlasting(members, _KILL_SECONDS)
        if members:
            raise SerenoError(
                f"these processes do not end: {', '.join(str(process.pid) for process in members)}",
                next_step="look at them with ps: what waits for a disk ends when the disk answers",
            )

    def memory_bytes(self, pids: Sequence[int], *, descendants: bool = True) -> int | None:
        """Proportional set size: shared pages are counted by halves, thirds and so on, so that sums are right."""
        total = 0
        for pid in pids:
            for member in self.descendants(pid) if descendants else [pid]:
                try:
                    total += psutil.Process(member).memory_full_info().pss
                except psutil.AccessDenied:
                    return None
                except psutil.NoSuchProcess:
                    continue
        return total


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _outlasting(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that are still there after so long. One whose parent never looks at its end is a zombie, and has ended."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if process.is_running() and not _is_zombie(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    return alive


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _component_in(process: psutil.Process, home: Path) -> str | None:
    """Which component of `home` a process is; empty for its Supervisor, None for what has nothing to do with it."""
    try:
        said = " ".join(process.cmdline())
        if "sereno.outside.supervisord" in said and said.endswith(f" {home / 'etc/supervisord.conf'}"):
            return ""
        if said.startswith("nginx: master process") and f" {home / 'etc/nginx/nginx.conf'} " in f"{said} ":
            return "nginx"
        environment = process.environ()
    except psutil.Error:
        return None
    if environment.get("SUPERVISOR_SERVER_URL") != f"unix://{home / 'run/supervisor.sock'}":
        return None
    return environment.get("SUPERVISOR_PROCESS_NAME", "")


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a program that has just ended"


def _can_bind(port: int) -> bool:
    if port < 1024 and os.geteuid() != 0:
        return True  # Whether we may is another question than whether it is free.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _with_low_ports(argv: Sequence[str], user: str) -> list[str]:
    """The command that becomes `user` and keeps one right of root's: to listen on ports below 1024.

    Not by subprocess, which loses every right as it changes the user. `setpriv` comes with util-linux.
    """
    account = pwd.getpwnam(user)
    return [
        *("/usr/bin/setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"),
        *("--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", *argv),
    ]


def _as(user: str) -> dict[str, Any]:
    """Keyword arguments of subprocess that make a child run as `user`, with that user's groups and home."""
    if not user:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
