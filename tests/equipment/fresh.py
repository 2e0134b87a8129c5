"""A fresh Debian in a folder: the distribution's base, git, python3, and nothing of ours. Needs root.

Not a virtual machine: it shares this machine's kernel and network, so the system in it gets free ports. Processes have
their own namespace, so whatever is left behind ends with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.equipment.apt_sources import sources_for
from tests.equipment.docker import cache

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "/srv/sereno"
_BASE = ("git", "bash", "python3", "ca-certificates", "adduser")
# A mount of its own, so that the system in it sees a file system at its root; and what every real machine has: device
# files, what the kernel tells, shared memory. `$0` is the folder.
_MOUNTS = (
    'mount --make-rprivate / && mount --bind "$0" "$0" && mount --bind /dev "$0/dev" && mount --bind /sys "$0/sys" && '
    'mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"'
)
_DAYS = 30
"""How long a base is kept: what it lacks in updates, apt brings; what it no longer fits in, nobody else has either."""


class SuiteMissing(RuntimeError):
    """The mirror that this machine's packages come from does not have the suite."""


class FreshDebian:
    """One root file system of a suite, from the mirror of this machine's own sources."""

    def __init__(self, folder: Path, suite: str = "bookworm") -> None:
        """Raises SuiteMissing when the mirror lacks the suite, and CalledProcessError when it can't be reached."""
        self.suite = suite
        self.root = folder / "root"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.root.mkdir()
        subprocess.run(["tar", "--extract", "--file", str(_base(suite)), "--directory", str(self.root)], check=True)
        # Nothing here has to outlive a loss of power, which dpkg would else wait for the disk at each file for.
        (self.root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n")
        # How this machine reaches the mirror (a proxy, its certificate) holds in there too.
        shutil.copytree("/etc/apt/apt.conf.d", self.root / "etc/apt/apt.conf.d", dirs_exist_ok=True)
        # Where this machine trusts more authorities than Debian does, so must the fresh one.
        shutil.copyfile(CERTIFICATES, self.root / CERTIFICATES.relative_to("/"))
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", self.root / "etc" / name)

    def clone(self, repository: Path) -> None:
        """Put a clean clone of `repository` into the fresh machine."""
        target = self.root / INSIDE.lstrip("/")
        subprocess.run(["git", "clone", "--quiet", str(repository), str(target)], check=True)

    @staticmethod
    def surroundings() -> dict[str, str]:
        """The environment of who has just signed in there, and how this machine reaches package sources."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_CERT", "SSL_CERT", "http"))}
        return kept | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
        }

    def run(self, script: str, environment: Mapping[str, str], *, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a script of bash inside, in the clone, to its end; every process in there ends with it."""
        inside = f"mount -t proc proc /proc && cd {INSIDE} && {script}"
        return subprocess.run(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c"),
                f'{_MOUNTS} && exec chroot "$0" bash -euo pipefail -c "$1"',
                *(str(self.root), inside),
            ],
            env=self.surroundings() | dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def _base(suite: str) -> Path:
    """The suite's base as a tar file, made once and kept between runs."""
    here = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    sources = sources_for(Path("/etc/apt"), here=here, suite=suite)
    recipe = hashlib.sha256(repr((_BASE, sorted(sources.items()))).encode()).hexdigest()[:12]
    kept = cache.folder() / f"fresh-{suite}-{recipe}.tar"
    with (cache.folder() / f"fresh-{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists() or time.time() - kept.stat().st_mtime > _DAYS * 86_400:
            for stale in cache.folder().glob(f"fresh-{suite}-*.tar"):
                stale.unlink()
            _bootstrap(suite, sources, kept)
    return kept


def _bootstrap(suite: str, sources: Mapping[str, str], target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sereno-sources-") as folder:
        for name, text in sources.items():
            (Path(folder) / name).write_text(text)
        unfinished = target.with_suffix(".new.tar")
        done = subprocess.run(
            [
                # Without --verbose it keeps to itself what apt says.
                *("mmdebstrap", "--verbose", "--variant=minbase", f"--include={','.join(_BASE)}"),
                *(suite, str(unfinished), *(f"{folder}/{name}" for name in sources)),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if f" {suite} Release' does not have a Release file" in done.stderr:
        raise SuiteMissing(f"the package mirror of this machine does not have Debian's suite {suite}")
    if done.returncode != 0:
        print(done.stderr[-3000:])
    done.check_returncode()
    unfinished.rename(target)
