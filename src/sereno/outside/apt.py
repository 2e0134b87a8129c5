"""apt and dpkg: asked without questions, one at a time, and without letting packages start services of their own."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.core.files import replace_file

Tell = Callable[[str], None]
"""Tells a person a fact worth knowing while they wait."""

POLICY = """\
#!/bin/sh
# Sereno's, while it installs packages: their own services are not to start. `./sereno up` removes it.
exit 101
"""
KEEP_FILES = ("--force-confdef", "--force-confold")
"""Options of dpkg: where a configuration file was changed by hand, that one stays, without a question."""

_POLICY = Path("usr/sbin/policy-rc.d")
_LOCK = Path("run/sereno-packages.lock")
_TAIL_LINES = 15
_PATIENCE_SECONDS = 600
"""The first unattended upgrade of a new machine takes minutes."""
_POLL_SECONDS = 2


def run(argv: Sequence[str], log: Path, tell: Tell, *, failure: str, next_step: str) -> None:
    """Run a command of apt or dpkg without questions, its words added to `log`.

    While another program installs packages, it is told who that is, and tried again for ten minutes. Raises
    SerenoError saying `failure` and the exit code, with the log's last lines and `next_step`.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    told = ""
    while True:
        code, said = _once(argv, log, tell)
        if code == 0:
            return
        holder = holder_in(said)
        if not holder or time.monotonic() > deadline:
            break
        if holder != told:
            tell(f"{holder} is installing packages; waiting until it has finished")
            told = holder
        time.sleep(_POLL_SECONDS)
    tail = "\n".join(said.splitlines()[-_TAIL_LINES:])
    if holder:
        raise SerenoError(
            f"{holder} has been installing packages for {_PATIENCE_SECONDS // 60} minutes",
            next_step="look at it with ps; when it has ended, run this again",
            log_tail=tail,
        )
    raise SerenoError(f"{failure} (exit code {code})", next_step=next_step, log_tail=tail)


def holder_in(said: str) -> str:
    """Who holds a lock of apt or dpkg, by what they said when they did not get it; empty when that was not it."""
    by_apt = re.search(r"Could not get lock .* held by process (\d+)(?: \(([^)]*)\))?", said)
    if by_apt:
        return f"{by_apt[2] or 'another program'} (pid {by_apt[1]})"
    # Debian 12's dpkg says "another process", Debian 13's names its program.
    by_dpkg = re.search(r"lock (?:was|is) locked by (\S+) process(?: with pid (\d+))?", said)
    if by_dpkg:
        program = "another program" if by_dpkg[1] == "another" else by_dpkg[1].rpartition("/")[2]
        return f"{program} (pid {by_dpkg[2]})" if by_dpkg[2] else program
    return "another program" if "Could not get lock" in said else ""


@contextmanager
def no_service_starts(tell: Tell, root: Path = Path("/")) -> Iterator[None]:
    """While this lasts, package scripts may start nothing (Debian's policy-rc.d), also where systemd does not run.

    Another Sereno that installs is waited for. A policy that one has left which was killed is taken over; anybody
    else's is left as it is. Raises SerenoError when the other one does not finish within ten minutes.
    """
    with _alone(tell, root):
        policy = root / _POLICY
        if policy.exists() and not is_left(root):
            yield
            return
        policy.parent.mkdir(parents=True, exist_ok=True)
        replace_file(policy, POLICY.encode(), 0o755)
        try:
            yield
        finally:
            policy.unlink(missing_ok=True)


def is_left(root: Path = Path("/")) -> bool:
    """Whether a policy of ours is there: by one that installs right now, or by one that was killed as it did."""
    try:
        return "# Sereno's, " in (root / _POLICY).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


@contextmanager
def _alone(tell: Tell, root: Path) -> Iterator[None]:
    """Hold the lock that every Sereno of this machine takes while it installs packages."""
    file = root / _LOCK
    file.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    told = False
    with file.open("a+", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    tell(f"another ./sereno ({_written(file)}) is installing packages; waiting until it has finished")
                    told = True
            if time.monotonic() > deadline:
                raise SerenoError(
                    f"another ./sereno ({_written(file)}) has been installing packages for "
                    f"{_PATIENCE_SECONDS // 60} minutes",
                    next_step="look at it with ps; when it has ended, run this again",
                )
            time.sleep(_POLL_SECONDS)
        lock.truncate(0)
        lock.write(f"pid {os.getpid()}")
        lock.flush()
        yield


def _written(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace").strip() or "its pid is not known"


def _once(argv: Sequence[str], log: Path, tell: Tell) -> tuple[int, str]:
    """Exit code and words of one run."""
    with log.open("ab") as stream:
        begin = stream.tell()
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            # In English, since its words are read here too.
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            # Of its own: Ctrl-C on the terminal would else end dpkg in the middle of a package.
            start_new_session=True,
        )
        code = _outlast(process, tell)
    with log.open("rb") as stream:
        stream.seek(begin)
        return code, stream.read().decode("utf-8", "replace")


def _outlast(process: subprocess.Popen[bytes], tell: Tell) -> int:
    """Wait for its end, also when this is interrupted: apt is told, and ends as soon as that does no harm."""
    interrupted: KeyboardInterrupt | None = None
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt as error:
            interrupted = error
            tell("interrupted; ending as soon as that leaves no package half installed")
            process.send_signal(signal.SIGINT)
    if interrupted is not None:
        raise interrupted
    return code
