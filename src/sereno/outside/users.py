"""System users of this machine."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

from sereno.core.errors import SerenoError


def ensure_user(name: str, home: Path) -> None:
    """Make the system user `name`, who can't log in, unless there is one. Needs root."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        made = subprocess.run(
            ["useradd", "--system", "--user-group", "--home-dir", str(home), "--shell", "/usr/sbin/nologin", name],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise SerenoError(
                f"the user {name} cannot be made: {made.stderr.strip()}",
                next_step=f"make it by hand: useradd --system {name}",
            ) from None


def become_owner_of(folder: Path) -> None:
    """Go on as the user that owns `folder`, for good: what root makes there would be closed to that user.

    Who is not root, or where root owns it, stays who they are.
    """
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
