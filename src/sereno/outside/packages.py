"""The distribution's packages, by apt; installed without letting them start services of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sereno.core.errors import SerenoError

_UNITS = Path("etc/systemd/system")
_POLICY = Path("usr/sbin/policy-rc.d")
_TAIL_LINES = 15


class Packages:
    """See `sereno.serve.ports.Packages`."""

    def install(self, packages: Sequence[str], units: Sequence[str], log: Path) -> None:
        """Install `packages`, their `units` masked beforehand.

        A unit that exists already belongs to something that was here before, and is left alone. Raises SerenoError
        without root, without apt, and when apt fails.
        """
        line = f"apt-get install --no-install-recommends {' '.join(packages)}"
        if shutil.which("apt-get") is None:
            raise SerenoError(
                f"these servers are missing: {' '.join(packages)}",
                next_step="Sereno installs packages on Debian and Ubuntu only; install them by hand and run this again",
            )
        if os.geteuid() != 0:
            masks = " ".join(units)
            raise SerenoError(
                f"these packages are missing: {' '.join(packages)}",
                next_step=f"sudo systemctl mask {masks}; sudo {line}; then run this again (or: sudo ./sereno up)",
            )
        for unit in units:
            mask(unit)
        with no_service_starts():
            for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
                apt_get(
                    arguments,
                    log,
                    failure=f"apt-get {arguments[0]} failed",
                    next_step="check this machine's network and package sources, then run this again",
                )


def apt_get(arguments: Sequence[str], log: Path, *, failure: str, next_step: str) -> None:
    """Run `apt-get` without questions, its words added to `log`.

    Raises SerenoError saying `failure` and the exit code, with the log's last lines and `next_step`.
    """
    with log.open("ab") as stream:
        code = subprocess.run(
            ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        ).returncode
    if code != 0:
        tail = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        raise SerenoError(f"{failure} (exit code {code})", next_step=next_step, log_tail="\n".join(tail))


def mask(unit: str, root: Path = Path("/")) -> bool:
    """Keep systemd from ever starting `unit`, before its package brings it; False when it is known already."""
    units = root / _UNITS
    known = (units, root / "lib/systemd/system", root / "usr/lib/systemd/system")
    if any((folder / unit).exists() or (folder / unit).is_symlink() for folder in known):
        return False
    units.mkdir(parents=True, exist_ok=True)
    (units / unit).symlink_to("/dev/null")
    return True


@contextmanager
def no_service_starts(root: Path = Path("/")) -> Iterator[None]:
    """While this lasts, package scripts may start nothing (Debian's policy-rc.d), also where systemd does not run."""
    policy = root / _POLICY
    if policy.exists():
        yield  # Somebody has a policy already; it is theirs.
        return
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
