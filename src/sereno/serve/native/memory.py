"""`run/memory`: the part of the home that lies in memory, for what is made anew at each start and must find room.

Metrics are files that are mapped, and whoever writes to a mapped file on a full disk is killed; Nginx breaks an answer
off whose copy for the next reader finds no room. Both stay whole in memory.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from sereno.serve.native.files import hand_over
from sereno.serve.native.home import Home

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- each home has a folder of its own there, under a name nobody can guess.
LINK = "run/memory"


def ensure(home: Home, user: str, shared: Path = SHARED_MEMORY) -> None:
    """Make sure that `run/memory` leads to a folder in memory that is `user`'s alone (empty: ours).

    After a reboot it leads nowhere and is made anew. Where there is no such memory it is a folder on the disk.
    """
    link = home / LINK
    if _belongs_to(user, link):
        return
    link.unlink(missing_ok=True)
    try:
        folder = Path(tempfile.mkdtemp(prefix="sereno-", dir=shared))
    except OSError:
        link.mkdir(mode=0o700)
        hand_over(link, user)
        return
    hand_over(folder, user)
    link.symlink_to(folder)


def give_back(home: Home) -> None:
    """Remove it with all that is in it."""
    link = home / LINK
    shutil.rmtree(link.resolve(), ignore_errors=True)
    if link.is_symlink():
        link.unlink()


def _belongs_to(user: str, link: Path) -> bool:
    try:
        found = link.stat()
    except OSError:
        return False
    wanted = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == wanted and not found.st_mode & 0o077
