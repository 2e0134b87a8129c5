"""Restores one backup into a throwaway server: `python -m sereno.worker.prover NAME [log|words|json]`; it ends then.

SERENO_BACKUPS is the folder of the files, SERENO_PASSPHRASE the file that opens encrypted ones. It introduces the room
to its neighbours by itself: `wiring` would load the database's library and the settings', which take more memory than
all of this, and a proof in the worker's container has 192 MB for everything.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from sereno.core.errors import SerenoError
from sereno.core.units import format_bytes
from sereno.keep.backups.model import is_sealed, record_of
from sereno.keep.backups.proof import Prover
from sereno.outside import archive
from sereno.outside.dump import Counted
from sereno.outside.logs import configure_logging
from sereno.outside.shelf import Shelf
from sereno.outside.throwaway import OwnServer

_log = logging.getLogger("sereno.worker.keeper")


class Teller:
    """Says how it goes: to the log, or to a person (`words`) or a program (`json`) who waits for it."""

    def __init__(self, how: str) -> None:
        self._how = how
        self._began = time.monotonic()
        if how == "log":
            configure_logging("worker")

    def step(self, words: str) -> None:
        """A step begins."""
        if self._how == "log":
            _log.info(words)
        else:
            print(f"[{time.monotonic() - self._began:5.1f} s] {words} …", file=sys.stderr, flush=True)

    def result(self, words: str, record: Mapping[str, object]) -> None:
        """What came out."""
        if self._how == "log":
            _log.info(words)
        else:
            print(words if self._how == "words" else json.dumps(record, indent=2), flush=True)

    def fail(self, error: SerenoError) -> None:
        """What went wrong, and what to do."""
        if self._how == "log":
            _log.error("%s; next: %s", error.message, error.next_step)
            return
        tail = "".join(f"  | {line}\n" for line in error.log_tail.splitlines())
        print(f"{tail}error: {error.message}\nnext:  {error.next_step}", file=sys.stderr, flush=True)


class ThrowawayServer:
    """See `sereno.keep.backups.ports.Rehearsal`."""

    def tables_of(self, dump: Path, work: Path) -> Mapping[str, Counted]:
        """In a server that ends with the call."""
        with OwnServer(work / "server").running() as server:
            server.load(dump)
            return server.tables()


def begin() -> None:
    """Give way to everything else, keep what is made to ourselves, and clear up when we are ended."""
    signal.signal(signal.SIGTERM, _stop)
    os.umask(0o077)
    os.nice(15)


def main(arguments: list[str]) -> int:
    """Prove, and say so; the exit code."""
    name, how = arguments[0], arguments[1] if len(arguments) > 1 else "log"
    teller = Teller(how)
    begin()
    shelf = Shelf(Path(os.environ["SERENO_BACKUPS"]))
    prover = Prover(shelf, archives=archive, rehearsal=ThrowawayServer())
    try:
        backup = prover.prove(name, _passphrase(name), teller.step)
    except SerenoError as error:
        teller.fail(error)
        return 1
    if backup.proof is None or not backup.proof.good:
        words = "" if backup.proof is None else backup.proof.words
        teller.fail(SerenoError(f"{name} does not restore: {words}", next_step="./sereno logs mysql; ./sereno doctor"))
        return 1
    teller.result(
        f"{shelf.folder / name}: {format_bytes(backup.bytes)}, {backup.rows} rows, made in {backup.seconds:g} s\n"
        f"proven: restored into a throwaway server and found the same, {backup.proof.seconds:g} s",
        record_of(backup) | {"file": str(shelf.folder / name)},
    )
    return 0


def _passphrase(name: str) -> str:
    if not is_sealed(name):
        return ""
    try:
        return Path(os.environ.get("SERENO_PASSPHRASE", "")).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SerenoError(
            f"{name} is encrypted, and its passphrase cannot be read: {error}",
            next_step="set [backup] passphrase_file, then ./sereno up",
        ) from error


def _stop(*_: object) -> NoReturn:
    """As an exception, so that what was begun is cleared away."""
    sys.exit(143)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
