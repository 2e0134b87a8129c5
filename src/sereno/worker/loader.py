"""Loads a compressed dump that comes on standard input: `python -m sereno.worker.loader check|load`; it ends then.

`check` loads it into a throwaway server, `load` into the desk's own database, which is empty then. Both answer in JSON
what the tables hold. `./sereno backup restore` runs it in a container of the desk, the only one that has what it needs.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from sereno.core.clock import rfc3339
from sereno.core.errors import SerenoError
from sereno.outside.dump import Counted, Login, count
from sereno.outside.throwaway import OwnServer, load
from sereno.wiring import Surroundings


def main(arguments: list[str]) -> int:
    """Load and count; the exit code."""
    folder = Path(tempfile.mkdtemp(prefix=".work-", dir=os.environ.get("SERENO_BACKUPS")))
    try:
        dump = folder / "dump.gz"
        with dump.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        found = _check(dump, folder) if arguments == ["check"] else _load(dump)
    except SerenoError as error:
        print(f"{error.log_tail}\n{error.message}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told = {
        name: {**each._asdict(), "newest": None if each.newest is None else rfc3339(each.newest)}
        for name, each in found.items()
    }
    print(json.dumps(told))
    return 0


def _check(dump: Path, folder: Path) -> dict[str, Counted]:
    with OwnServer(folder / "server").running() as server:
        server.load(dump)
        return server.tables()


def _load(dump: Path) -> dict[str, Counted]:
    url = Surroundings.from_environment(os.environ).database_url()
    login = Login(
        url.username or "", str(url.password or ""), url.database or "", host=url.host or "", port=url.port or 3306
    )
    load(login, dump)
    connection = login.connect()
    try:
        return count(connection)
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
