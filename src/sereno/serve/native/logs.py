"""The logs of components: their last lines, and with `follow` what is written from then on."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

_POLL_SECONDS = 0.25
_TAIL_LINES = 15


def tail(file: Path, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log, empty when there is none."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return "".join(deque(stream, maxlen=lines)).rstrip("\n")
    except OSError:
        return ""


def read_logs(files: Mapping[str, Path], *, follow: bool, lines: int, named: bool) -> Iterator[str]:
    """The last `lines` of each log, then with `follow` each new line; `named` puts the component's name before it."""
    width = max((len(name) for name in files), default=0)
    followed = {name: _Followed(file) for name, file in files.items()}

    def told(name: str, line: str) -> str:
        line = line.rstrip("\n")
        return f"{name:<{width}} | {line}" if named else line

    for name, log in followed.items():
        for line in deque(log.new_lines(), maxlen=lines):
            yield told(name, line)
    while follow:
        quiet = True
        for name, log in followed.items():
            for line in log.new_lines():
                quiet = False
                yield told(name, line)
        if quiet:
            time.sleep(_POLL_SECONDS)


class _Followed:
    """One log, read on across Supervisor's rotation: the full file is renamed and a new one begins under its name."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream: TextIO | None = self._open()
        self._begun = ""

    def new_lines(self) -> Iterator[str]:
        """Whole lines that have been written since the last time."""
        yield from self._whole_lines()
        if self._has_moved():
            # What was written between the last look and the rename, then the new file from its beginning.
            yield from self._whole_lines()
            if self._stream is not None:
                self._stream.close()
            self._stream = self._open()
            yield from self._whole_lines()

    def _whole_lines(self) -> Iterator[str]:
        if self._stream is None:
            return
        for line in self._stream:
            if line.endswith("\n"):
                yield self._begun + line
                self._begun = ""
            else:
                self._begun += line

    def _has_moved(self) -> bool:
        try:
            now = self._file.stat()
        except OSError:
            return False
        if self._stream is None:
            return True
        mine = os.fstat(self._stream.fileno())
        return mine.st_ino != now.st_ino or now.st_size < self._stream.tell()

    def _open(self) -> TextIO | None:
        try:
            return self._file.open(encoding="utf-8", errors="replace")
        except OSError:
            return None
