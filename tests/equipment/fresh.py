"""A fresh Debian in a folder: the distribution's base, git, python3, and nothing of ours. Needs root.

Not a virtual machine: it shares this machine's kernel and network, so the system in it gets free ports. Processes have
their own namespace, so whatever is left behind ends with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "/srv/sereno"


class FreshDebian:
    """One root file system, made by mmdebstrap from the same sources as this machine's."""

    def __init__(self, folder: Path, suite: str = "bookworm") -> None:
        self.root = folder / "root"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        subprocess.run(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase", "--include=git,bash,python3,ca-certificates,adduser"),
                *(suite, str(self.root)),
            ],
            check=True,
            capture_output=True,
        )
        shutil.copytree("/etc/apt", self.root / "etc/apt", dirs_exist_ok=True, symlinks=True)
        # Where this machine trusts more authorities than Debian does, so must the fresh one.
        shutil.copyfile(CERTIFICATES, self.root / CERTIFICATES.relative_to("/"))
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", self.root / "etc" / name)

    def clone(self, repository: Path) -> None:
        """Put a clean clone of `repository` into the fresh machine."""
        target = self.root / INSIDE.lstrip("/")
        subprocess.run(["git", "clone", "--quiet", str(repository), str(target)], check=True)

    def run(self, script: str, environment: Mapping[str, str], *, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a script of bash inside, in the clone, to its end; every process in there ends with it."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_CERT", "SSL_CERT", "http"))}
        kept |= {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
        }
        inside = f"mount -t proc proc /proc && cd {INSIDE} && {script}"
        return subprocess.run(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c"),
                # A mount of its own, so that the system in it sees a file system at its root; and the device files.
                'mount --make-rprivate / && mount --bind "$0" "$0" && mount --bind /dev "$0/dev" && '
                'exec chroot "$0" bash -euo pipefail -c "$1"',
                *(str(self.root), inside),
            ],
            env=kept | dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def close(self) -> None:
        shutil.rmtree(self.root.parent, ignore_errors=True)
