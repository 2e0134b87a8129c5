"""Installing as an ordinary user who may use sudo: only the installation itself is done as root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.outside.apt import Tell
from sereno.outside.packages import Packages


class PackagesBySudo:
    """See `sereno.serve.ports.Packages`."""

    def unfinished(self, packages: Sequence[str]) -> bool:
        """As `Packages.unfinished`, which anybody may look at."""
        return Packages().unfinished(packages)

    def install(self, packages: Sequence[str], units: Sequence[str], log: Path, tell: Tell) -> None:
        """As `Packages.install`; where sudo may not be used, the line to type is told."""
        if not may_sudo():
            Packages().install(packages, units, log, tell)
            return
        marked = [part for unit in units for part in ("--unit", unit)]
        _as_root(["packages", "--log", str(log), *marked, *packages], log)


def install_grafana(log: Path) -> None:
    """As `vendor_repository.install_from`, for Grafana."""
    _as_root(["grafana", "--log", str(log)], log)


def may_sudo() -> bool:
    """Whether this user may use sudo now. On a terminal it asks for the password; without one it can't."""
    if shutil.which("sudo") is None:
        return False
    quietly = subprocess.run(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if quietly.returncode == 0:
        return True
    prompt = "[sudo] password for %p, to install packages: "
    return sys.stdin.isatty() and subprocess.run(["sudo", "-v", "-p", prompt], check=False).returncode == 0


def _as_root(arguments: Sequence[str], log: Path) -> None:
    log.touch()  # While it is ours: root would leave a file that we could not write next time.
    # sudo clears the environment; tests run from the source tree.
    path = os.environ.get("PYTHONPATH", "")
    environment = ["env", f"PYTHONPATH={path}"] if path else []
    done = subprocess.run(
        ["sudo", "-n", *environment, sys.executable, "-m", "sereno.outside.root_tasks", *arguments],
        stdin=subprocess.DEVNULL,
        # Its standard error is ours: that is where it tells whom it waits for.
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise failure(done.stdout)


def failure(said: str) -> SerenoError:
    """What the command as root wrote, as the error that it was there."""
    try:
        told = json.loads(said)
        return SerenoError(told["message"], next_step=told["next_step"], log_tail=told["log_tail"])
    except (ValueError, KeyError, TypeError):
        return SerenoError(
            "installing by sudo failed", next_step="read the lines above, or: sudo ./sereno up", log_tail=said.strip()
        )
