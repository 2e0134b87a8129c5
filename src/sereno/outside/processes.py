"""Processes and ports of this machine."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sereno.core.errors import SerenoError


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

    def run(self, argv: Sequence[str], *, user: str = "", timeout_seconds: float = 120) -> Finished:
        """Run a command to its end. Raises SerenoError when it is missing or takes too long."""
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_seconds,
                check=False,
                **_as(user),
            )
        except FileNotFoundError as error:
            raise SerenoError(
                f"{argv[0]} is not installed", next_step="./sereno up installs what is missing"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise SerenoError(f"{argv[0]} did not end within {timeout_seconds:.0f} s") from error
        return Finished(done.returncode, done.stdout)

    def spawn(self, argv: Sequence[str], *, user: str, log: Path, environment: Mapping[str, str]) -> int:
        """Start a process in a session of its own, so that it outlives this terminal."""
        with log.open("ab") as stream:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
                **_as(user),
            )
        return process.pid

    def descendants(self, pid: int) -> list[int]:
        """The pids of a process and of everything below it that is alive, zombies left out."""
        try:
            top = psutil.Process(pid)
            family = [top, *top.children(recursive=True)]
            return [each.pid for each in family if each.status() != psutil.STATUS_ZOMBIE]
        except psutil.NoSuchProcess:
            return []

    def memory_bytes(self, pids: Sequence[int]) -> int | None:
        """Proportional set size: shared pages are counted by halves, thirds and so on, so that sums are right."""
        total = 0
        for pid in pids:
            for member in self.descendants(pid):
                try:
                    total += psutil.Process(member).memory_full_info().pss
                except psutil.AccessDenied:
                    return None
                except psutil.NoSuchProcess:
                    continue
        return total


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


def _as(user: str) -> dict[str, Any]:
    """Keyword arguments of subprocess that make a child run as `user`, with that user's groups and home."""
    if not user:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
