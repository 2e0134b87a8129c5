"""The native home: one folder for everything that Sereno has on a machine, and what it remembers there."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sereno.core.errors import SerenoError
from sereno.core.files import replace_file

FOLDERS = ("etc", "data", "log", "run", "secrets", "www", "www/static", "www/errors", "www/status")
PRIVATE = frozenset({"data", "run", "secrets"})
EXAMPLES_FILE = "examples-given"
"""There once the classroom's examples were added. Not in the state, of which an older program knows every key."""


@dataclass(slots=True)
class State:
    """What the first `up` decided, so that the next one decides the same (`state.json`)."""

    platform: str
    profile: str
    lab: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    grafana_answer: str = ""
    """`no` once somebody has declined to have Grafana installed natively; empty while nobody was asked."""


class Home:
    """The folder `SERENO_HOME` and its parts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __truediv__(self, part: str) -> Path:
        return self.path / part

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    def state(self) -> State | None:
        """What was decided here, or None before the first `up`.

        Raises SerenoError when the file is damaged: guessing could put a second database beside the first.
        """
        try:
            content: dict[str, Any] = json.loads(self.state_file.read_text(encoding="utf-8"))
            return State(**content)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise SerenoError(
                f"{self.state_file} is damaged: {error}",
                next_step="it holds platform, profile and ports; mend it, or move the whole home away and start anew",
            ) from error
        except PermissionError as error:
            raise SerenoError(
                f"{self.state_file} cannot be read by this user",
                next_step="run the command as the user (or with the sudo) that ran the first ./sereno up",
            ) from error

    def remember(self, state: State) -> None:
        """Write the state, whole or not at all."""
        write_whole(self.state_file, json.dumps(asdict(state), indent=2) + "\n")

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the lock of this home while something is changed in it.

        Raises SerenoError naming the process that holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / "lock"
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(descriptor, 40).decode(errors="replace").strip() or "unknown"
                raise SerenoError(
                    f"another ./sereno is changing this home (pid {holder})",
                    next_step="wait until it has ended, then run this again",
                ) from error
            # Who it is helps whoever is refused; on a full disk the lock holds all the same.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)


def write_whole(file: Path, text: str, mode: int = 0o644) -> bool:
    """Make `file` hold `text`, whole or not at all, readable as `mode` says; False when it does already."""
    try:
        if file.read_text(encoding="utf-8") == text:
            file.chmod(mode)
            return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, text.encode(), mode)
    return True
