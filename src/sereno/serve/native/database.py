"""Making the database's own tables, once, so that being killed half-way leaves nothing half-made."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.serve.native.files import hand_over
from sereno.serve.native.home import Home
from sereno.serve.ports import Processes


def initialise(home: Home, processes: Processes, user: str) -> bool:
    """Make the data folder of MariaDB when there is none; False when there is.

    It is made beside its place and moved there when it is whole. Each try has a folder of its own: what a killed one
    had started may still be writing. Raises SerenoError with the program's last lines.
    """
    data = home / "data/mysql"
    for earlier in data.parent.glob(f"{data.name}.new*"):
        shutil.rmtree(earlier, ignore_errors=True)
    if (data / "mysql").is_dir():
        return False
    if data.exists() and any(data.iterdir()):
        raise SerenoError(
            f"{data} holds files but no database",
            next_step=f"look what they are; move the folder away (mv {data} {data}.away) and run this again",
        )
    unfinished = Path(tempfile.mkdtemp(prefix=f"{data.name}.new-", dir=data.parent))
    hand_over(unfinished, user)
    done = processes.run(
        [
            # Its own folder for temporary files: the machine's may be full, or closed to this user.
            "env",
            f"TMPDIR={home / 'data/mysql-tmp'}",
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={unfinished}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ],
        user=user,
    )
    if done.code != 0:
        raise SerenoError(
            "the database's own tables could not be made (mysql)",
            next_step="read the lines above; a full disk and missing permissions are the usual causes",
            log_tail="\n".join(_telling(done.output.splitlines())),
        )
    if data.exists():
        data.rmdir()
    unfinished.rename(data)
    return True


def _telling(lines: list[str]) -> list[str]:
    """The lines that say what went wrong: errors where there are any, else the last ones (which are advice)."""
    errors = [line for line in lines if "[ERROR]" in line or "FATAL" in line.upper()]
    return (errors or lines)[-15:]
