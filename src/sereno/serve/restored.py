"""What a restore puts in others' places: nothing is deleted, and everything can be taken back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sereno.core.files import replace_file
from sereno.serve.compose_parts import OWN_FOLDERS
from sereno.settings.named import KEPT_AT

SETTINGS = "sereno.toml"
SERVED = "tls/served"
PAIR = ("cert.pem", "key.pem")
_COMPOSES_PAIR = "docker/nginx/ssl"


class Aside:
    """Puts things in the places of others, which go into the folder `old`, and back again.

    What is taken back goes into the folder `failed`. Both are closed to others, and made when they are needed.
    """

    def __init__(self, old: Path, failed: Path) -> None:
        self.old = old
        self.failed = failed
        self._put: list[tuple[Path, Path]] = []
        """What was exchanged, as (place, path below `old`), in order."""

    def replace(self, place: Path, new: Path, name: Path) -> None:
        """Put `new` at `place`; what was there goes to the path `name` below `old`."""
        self.old.mkdir(mode=0o700, exist_ok=True)
        self._put.append((place, name))
        if place.exists():
            _move(place, self.old / name)
        _move(new, place)

    def undo(self) -> None:
        """Put everything back, the last first."""
        self.failed.mkdir(mode=0o700, exist_ok=True)
        for place, name in reversed(self._put):
            if place.exists():
                _move(place, self.failed / name)
            if (self.old / name).exists():
                _move(self.old / name, place)
        self._put.clear()


class RestoredClone:
    """What a backup holds of the clone `root`: settings, what users add, and certificates that lie there.

    With `keep_settings` its sereno.toml stays: somebody has written it for a new machine.
    """

    def __init__(self, root: Path, aside: Aside, *, keep_settings: bool = False) -> None:
        self._root = root
        self._aside = aside
        self._keep_settings = keep_settings

    def put(self, kept: Path) -> None:
        """Bring what the backup's copy of a home (`kept`) has: settings, and where there is nothing of that name, what
        users add and the files that the settings name."""
        text = _text(kept / "etc" / SETTINGS)
        own = self._root / SETTINGS
        if text and _text(own) != text and not self._keep_settings:
            self._replace(own, text.encode(), kept / "settings.toml", 0o644)
        for source, target in (*OWN_FOLDERS.items(), (KEPT_AT, ".")):
            for file in sorted((kept / source).rglob("*")):
                beside = self._root / target / file.relative_to(kept / source)
                if file.is_file() and not beside.exists():
                    self._write(beside, file.read_bytes(), 0o600 if source == KEPT_AT else 0o644)

    def put_composes_pair(self, kept: Path) -> None:
        """Put the pair that the backup's machine had made for itself where Compose has its own.

        Readers may trust it by now. One of an authority is served out of the volume, one of the user's by the settings.
        """
        if origin(kept) == "self-signed":
            for name in PAIR:
                place = self._root / _COMPOSES_PAIR / name
                self._replace(place, (kept / SERVED / name).read_bytes(), kept / f"made-{name}", 0o600)

    def _replace(self, place: Path, content: bytes, draft: Path, mode: int) -> None:
        draft.write_bytes(content)
        draft.chmod(mode)
        self._own(draft)
        self._aside.replace(place, draft, place.relative_to(self._root))

    def _write(self, file: Path, content: bytes, mode: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, content, mode)
        self._own(file)

    def _own(self, file: Path) -> None:
        """What root writes into someone's clone belongs to that someone."""
        if os.geteuid() == 0:
            owner = self._root.stat()
            os.chown(file, owner.st_uid, owner.st_gid)


def origin(kept: Path) -> str:
    """Where the certificate that a backup's machine served came from: self-signed, own or acme; empty: it has none."""
    try:
        name = os.readlink(kept / SERVED).rpartition("/")[2]  # noqa: PTH115 -- as it stands there.
    except OSError:
        return ""
    return name.rpartition("-")[0] if all((kept / SERVED / each).is_file() for each in PAIR) else ""


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.move(source, target)  # The clone may lie on another disk than the home.


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
