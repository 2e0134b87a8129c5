"""Which state of the program runs in a home, and which was the last that became healthy.

The launcher keeps each state of the Python packages and of the program in a folder of its own, so an upgrade changes
nothing that runs, and the state before it is still there to go back to.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import sereno
from sereno.serve.native.home import Home, write_whole

FILE = "release.json"
KEPT_IN = ("environments", "programs")
"""The launcher's folders in the home."""


@dataclass(frozen=True, slots=True)
class Release:
    """A state of the program: its virtual environment, and the folder with its package."""

    environment: str
    program: str

    @classmethod
    def of_this_process(cls) -> Release:
        """The one that is executing this."""
        return cls(sys.prefix, str(Path(sereno.__file__).resolve().parents[1]))

    @property
    def python(self) -> str:
        return f"{self.environment}/bin/python"

    def is_there(self) -> bool:
        """Whether it can still be run."""
        return Path(self.python).exists() and (Path(self.program) / "sereno").is_dir()


class Releases:
    """What `release.json` in a home remembers: `running`, whose files and processes are in force, and `healthy`."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def take_over(self, release: Release) -> None:
        """From now on what runs is, or is about to be, of `release`."""
        self._write(running=release, healthy=self._read("healthy"))

    def became_healthy(self, release: Release) -> None:
        """`up` of `release` has ended well."""
        self._write(running=release, healthy=release)

    def to_return_to(self, failed: Release) -> Release | None:
        """The last healthy one, when `failed` has taken its place and it can still be run; else None."""
        healthy = self._read("healthy")
        if healthy is None or healthy == failed or self._read("running") != failed:
            return None
        return healthy if healthy.is_there() else None

    def remove_others(self, keep: Release, is_used: Callable[[Path], bool]) -> None:
        """Remove what the launcher has left of states older than the one before `keep`, but what a process still uses.

        The newest of the others stays, since an upgrade is often noticed to be bad only after it became healthy.
        """
        for name, mine in zip(KEPT_IN, (keep.environment, keep.program), strict=True):
            folder = self._home / name
            if Path(mine).parent != folder:
                continue
            others = sorted(
                (each for each in folder.iterdir() if str(each) != mine), key=lambda each: each.stat().st_mtime
            )
            for old in others[:-1]:
                if not is_used(old):
                    shutil.rmtree(old, ignore_errors=True)

    def _read(self, which: str) -> Release | None:
        try:
            told = json.loads((self._home / FILE).read_text(encoding="utf-8"))[which]
            return Release(told["environment"], told["program"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, **which: Release | None) -> None:
        told = {name: asdict(release) for name, release in which.items() if release is not None}
        write_whole(self._home / FILE, json.dumps(told, indent=2) + "\n")
