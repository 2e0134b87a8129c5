"""Where the equipment keeps what is costly to make again, between runs."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterator
from pathlib import Path


def folder() -> Path:
    """The cache folder: `SERENO_EQUIPMENT_CACHE` if set, else one of the system's; made when missing."""
    chosen = Path(os.environ.get("SERENO_EQUIPMENT_CACHE") or "/var/cache/sereno-equipment")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


@contextlib.contextmanager
def claim(name: str) -> Iterator[Path]:
    """Lends a kept folder to one user at a time: the first of `name`-1, `name`-2 … that nobody else has."""
    for number in itertools.count(1):
        with (folder() / f"{name}-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            # The lock goes with this process, however that ends.
            yield folder() / f"{name}-{number}"
            return
