"""Installs what the equipment needs from the distribution, and says why it can't when it can't."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_LOCK_SECONDS = 300


class EquipmentError(RuntimeError):
    """The test equipment cannot be had on this machine; the message names the next step."""


def say(text: str) -> None:
    """Tells progress on the error stream, so that results on the output stream stay readable."""
    print(f"equipment: {text}", file=sys.stderr, flush=True)


def need(programs: Mapping[str, str]) -> None:
    """Makes sure that each program (key) is there, installing its Debian package (value) if not.

    A key that is an absolute path stands for any file, as some packages bring no program. Waits up to five
    minutes for another apt to finish. Raises EquipmentError when not root, or when a package does not bring its
    program.
    """
    missing = sorted({package for program, package in programs.items() if not _found(program)})
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise EquipmentError(f"Missing on this machine: {', '.join(missing)}. Run as root: {' '.join(command)}")
    say(f"installing {', '.join(missing)}")
    _apt(["apt-get", "update", "-q"])
    _apt(command)
    still = sorted(program for program in programs if not _found(program))
    if still:
        raise EquipmentError(f"Installed {', '.join(missing)}, yet these are not there: {', '.join(still)}.")


def _found(program: str) -> bool:
    if program.startswith("/"):
        return Path(program).exists()
    # Servers lie in sbin, which an ordinary user's PATH leaves out.
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _apt(command: list[str]) -> None:
    patient = [command[0], "-o", f"DPkg::Lock::Timeout={_LOCK_SECONDS}", *command[1:]]
    done = subprocess.run(
        patient,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EquipmentError(f"{' '.join(command)} failed:\n{done.stderr.strip() or done.stdout.strip()}")
