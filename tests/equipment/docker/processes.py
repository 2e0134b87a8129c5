"""Finds and ends exactly the processes that one engine started, never others of the same name."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path


def listing() -> Iterator[tuple[int, list[str]]]:
    """Every process of the machine with its command line; kernel threads and the just ended are left out."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")[:-1]
            if words:
                yield int(folder.name), [word.decode(errors="replace") for word in words]


def name(command: list[str]) -> str:
    """The program's own name, without its folder."""
    return Path(command[0]).name


def same_network(pid: int) -> bool:
    """Whether process `pid` shares the caller's network namespace; False when it is gone."""
    try:
        return Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink()
    except OSError:
        return False


def end(daemon: int | None, *, marks: Iterable[str], seconds: float) -> None:
    """Asks the daemon to end, then kills whatever carries one of `marks` in its command line, with its children.

    The daemon stops its containers itself when it is given the time; shims and containers outlive one that
    was killed, which is what the marks are for.
    """
    if daemon is not None:
        _signal(daemon, signal.SIGTERM)
        _wait({daemon}, seconds)
    marks = tuple(marks)
    left = {pid for pid, command in listing() if any(mark in word for mark in marks for word in command)}
    if daemon is not None and _alive(daemon):
        left.add(daemon)
    left = _with_children(left)
    for pid in left:
        _signal(pid, signal.SIGKILL)
    _wait(left, 10)


def _with_children(pids: set[int]) -> set[int]:
    parents: dict[int, int] = {}
    for pid, _ in listing():
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The second field, the name in brackets, may itself hold spaces and brackets.
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            parents[pid] = int(stat[1])
    found = set(pids)
    grew = True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return found


def _wait(pids: set[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(_alive(pid) for pid in pids):
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        # A child of ours stays a zombie until it is waited for.
        os.waitpid(pid, os.WNOHANG)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
