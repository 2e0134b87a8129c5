"""The distribution's packages, by apt; installed without letting them start services of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.outside import apt
from sereno.outside.apt import KEEP_FILES, Tell, no_service_starts

_UNITS = Path("etc/systemd/system")
_WHOLE = frozenset({"installed", "not-installed", "config-files"})
_FINISH = "dpkg --configure -a; apt-get install --fix-broken && rm -f /usr/sbin/policy-rc.d"


class Packages:
    """See `sereno.serve.ports.Packages`."""

    def __init__(self, root: Path = Path("/")) -> None:
        """`root`: another folder than this machine's, for the files that this writes itself (for tests)."""
        self._root = root

    def unfinished(self, packages: Sequence[str]) -> bool:
        """By what dpkg knows of these packages, and by the policy that lasts as long as an installation of ours."""
        return apt.is_left(self._root) or any(status not in _WHOLE for status in _statuses(packages))

    def install(self, packages: Sequence[str], units: Sequence[str], log: Path, tell: Tell) -> None:
        """Install `packages`, their `units` masked beforehand; what an earlier installation has left half done first.

        A unit that exists already belongs to something that was here before, and is left alone. Raises SerenoError
        without root, without apt, and when apt fails.
        """
        if shutil.which("apt-get") is None:
            raise SerenoError(
                f"these servers are missing: {' '.join(packages)}",
                next_step="Sereno installs packages on Debian and Ubuntu only; install them by hand and run this again",
            )
        if os.geteuid() != 0:
            raise _needs_root(packages, units)
        for unit in units:
            mask(unit, self._root)
        with no_service_starts(tell, self._root):
            finished = finish_unfinished(log, tell, self._root)
            if finished and not packages:
                return
            for arguments in (["update"], ["install", "--fix-broken", *packages]):
                apt_get(
                    arguments,
                    log,
                    tell,
                    failure=f"apt-get {arguments[0]} failed",
                    next_step="read the lines above; look at this machine's network and package sources, then run this "
                    "again",
                )


def apt_get(arguments: Sequence[str], log: Path, tell: Tell, *, failure: str, next_step: str) -> None:
    """Run `apt-get` as `apt.run` does; it installs nothing that is only recommended, and removes nothing."""
    keep = [part for option in KEEP_FILES for part in ("-o", f"DPkg::Options::={option}")]
    # A MySQL of this machine's own conflicts with MariaDB: it is not removed, apt says so and stops.
    argv = ["apt-get", "-q", "--yes", "--no-install-recommends", "--no-remove", *keep, *arguments]
    apt.run(argv, log, tell, failure=failure, next_step=next_step)


def finish_unfinished(log: Path, tell: Tell, root: Path = Path("/")) -> bool:
    """Let dpkg configure what was unpacked when an installation was killed: apt refuses to do anything before that.

    False when something is still not whole; `apt-get install --fix-broken` brings what is missing. Raises SerenoError
    when another program keeps dpkg's lock.
    """
    if _is_whole(root):
        return True
    tell("finishing the installation of packages that was interrupted")
    try:
        configure = ["dpkg", f"--root={root}", *KEEP_FILES, "--configure", "-a"]
        apt.run(configure, log, tell, failure="dpkg failed", next_step="")
    except SerenoError as error:
        if apt.holder_in(error.log_tail):
            raise
    return _is_whole(root)


def mask(unit: str, root: Path = Path("/")) -> bool:
    """Keep systemd from ever starting `unit`, before its package brings it; False when it is known already."""
    units = root / _UNITS
    known = (units, root / "lib/systemd/system", root / "usr/lib/systemd/system")
    if any((folder / unit).exists() or (folder / unit).is_symlink() for folder in known):
        return False
    units.mkdir(parents=True, exist_ok=True)
    (units / unit).symlink_to("/dev/null")
    return True


def _needs_root(packages: Sequence[str], units: Sequence[str]) -> SerenoError:
    if not packages:
        return SerenoError(
            "packages are being installed, or were when that was interrupted",
            next_step=f"wait until it has finished; where nothing runs: sudo sh -c '{_FINISH}', then run this again "
            "(or: sudo ./sereno up)",
        )
    line = f"apt-get install --no-install-recommends {' '.join(packages)}"
    return SerenoError(
        f"these packages are missing: {' '.join(packages)}",
        next_step=f"sudo systemctl mask {' '.join(units)}; sudo {line}; then run this again (or: sudo ./sereno up)",
    )


def _is_whole(root: Path) -> bool:
    """Whether every package is as it should be, and dpkg was not ended while it wrote its books."""
    updates = root / "var/lib/dpkg/updates"
    unwritten = updates.is_dir() and any(file.name.isdigit() for file in updates.iterdir())
    audit = subprocess.run(["dpkg", f"--root={root}", "--audit"], capture_output=True, check=False)
    return not unwritten and not audit.stdout.strip()


def _statuses(packages: Sequence[str]) -> list[str]:
    """What dpkg says of those packages that it knows."""
    if shutil.which("dpkg-query") is None or not packages:
        return []
    asked = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${db:Status-Eflag}\n", *packages]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return [status if flag == "ok" else flag for status, flag in (line.split() for line in said.splitlines())]
