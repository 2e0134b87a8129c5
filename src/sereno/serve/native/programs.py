"""The programs that components run: whether they are installed, and in which version."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from sereno import __version__
from sereno.core.errors import SerenoError
from sereno.serve.catalogue import nginx
from sereno.serve.component import Component
from sereno.serve.native.home import Home, write_whole
from sereno.serve.place import Place
from sereno.serve.ports import Processes

_UNKNOWN: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


def is_installed(component: Component, place: Place) -> bool:
    """Whether the component's program is on this machine."""
    return Path(component.native.argv(place)[0]).exists()


def version_in(said: str) -> str:
    """The version in what a program says of itself, the first number with a dot: `2.42.0`. Empty when there is none."""
    found = re.search(r"\d+\.\d+(?:\.\d+)?", said)
    return found[0] if found else ""


class Versions:
    """Versions of installed programs. Each program is asked once, and again when its file has changed."""

    def __init__(self, home: Home, processes: Processes) -> None:
        self._file = home / "run/versions.json"
        self._processes = processes
        self._nginx = _UNKNOWN

    def of(self, component: Component, place: Place) -> str:
        """The version of the component's program; empty when it does not tell."""
        program = component.native
        if not program.version_flag:
            return __version__
        path = program.argv(place)[0]
        changed = str(Path(path).stat().st_mtime_ns)
        known = self._known()
        if known.get(path, {}).get("changed") != changed:
            known[path] = {"changed": changed, "version": self._ask(path, program.version_flag)}
            self._remember(known)
        return known[path]["version"]

    def of_nginx(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of Nginx and its OpenSSL, as numbers; empty while it is not installed, and asked again then."""
        if self._nginx == _UNKNOWN and Path(nginx.PROGRAM).exists():
            self._nginx = nginx.versions(self._processes.run([nginx.PROGRAM, "-V"]).output)
        return self._nginx

    def _ask(self, path: str, flag: str) -> str:
        try:
            return version_in(self._processes.run([path, flag], timeout_seconds=10).output)
        except SerenoError:
            return ""

    def _known(self) -> dict[str, dict[str, str]]:
        try:
            known: dict[str, dict[str, str]] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known

    def _remember(self, known: dict[str, dict[str, str]]) -> None:
        with suppress(OSError):  # Then it is asked again the next time.
            write_whole(self._file, json.dumps(known, indent=2))
