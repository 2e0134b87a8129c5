"""Exchanging a native system's data for a restored one, and back. Nothing is deleted: what goes is put aside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from sereno.serve.native.files import hand_over
from sereno.serve.native.home import Home, write_whole
from sereno.serve.secrets import SECRETS

DATABASE = "data/mysql"
GRAFANA = "data/grafana"
SETTINGS = "sereno.toml"
_OWN_FILES = {
    "etc/prometheus/rules/custom": "prometheus/rules/custom",
    "etc/prometheus/targets": "prometheus/targets",
    "etc/nginx/conf.d": "docker/nginx/conf.d",
}
"""What users add to the clone: where a home has its copy → where it is in the clone."""


class NativeExchange:
    """One exchange in `home`, whose settings are in the clone `root`; files belong to `user` (empty: to us).

    `stamp` names the folders in which things are put aside. `down` stops everything. With `keep_settings` the clone's
    sereno.toml stays: somebody has written it for a new machine.
    """

    def __init__(
        self,
        home: Home,
        root: Path,
        *,
        user: str,
        stamp: str,
        down: Callable[[], None],
        keep_settings: bool = False,
    ) -> None:
        self._keep_settings = keep_settings
        self._home = home
        self._root = root
        self._user = user
        self._down = down
        self._old = home / f"before-restore-{stamp}"
        self._failed = home / f"failed-restore-{stamp}"
        self._put: list[tuple[Path, Path]] = []
        """What was exchanged, as (place, path below the folder where the old lies), in order."""

    def exchange(self, *, database: Path, grafana: Path | None, kept: Path) -> Path:
        """Put `database`, Grafana's database file and the files of `kept` (`secrets`, `tls`, `etc`) in their places.

        Answers where the old ones lie.
        """
        secrets = self._secrets(kept / "secrets")
        self._down()
        self._private(self._old)
        self._replace(self._home / DATABASE, database)
        self._replace(self._home / "secrets", secrets)
        if (kept / "tls").is_dir():
            self._replace(self._home / "tls", kept / "tls")
        if grafana is not None:
            folder = kept / "grafana"
            folder.mkdir()
            grafana.rename(folder / "grafana.db")
            self._replace(self._home / GRAFANA, folder)
        self.put_settings(kept)
        for name in (DATABASE, GRAFANA, "secrets", "tls"):
            hand_over(self._home / name, self._user)
        return self._old

    def put_settings(self, kept: Path) -> None:
        """Bring the backup's settings into the clone, and what users had added where there is nothing of that name."""
        text = _text(kept / "etc" / SETTINGS)
        own = self._root / SETTINGS
        if text and _text(own) != text and not self._keep_settings:
            draft = kept / "settings.toml"
            draft.write_text(text, encoding="utf-8")
            draft.chmod(0o644)
            self._own(draft)
            self._private(self._old)
            self._replace(own, draft)
        for source, target in _OWN_FILES.items():
            for file in sorted((kept / source).rglob("*")):
                beside = self._root / target / file.relative_to(kept / source)
                if file.is_file() and not beside.exists():
                    write_whole(beside, file.read_text(encoding="utf-8"))
                    self._own(beside)

    def exchange_back(self) -> Path:
        """Put the old in its place again; answers where the restored lies."""
        self._down()
        self._private(self._failed)
        for place, name in reversed(self._put):
            if place.exists():
                _move(place, self._failed / name)
            if (self._old / name).exists():
                _move(self._old / name, place)
        self._put.clear()
        return self._failed

    # -- steps -----------------------------------------------------------------------------------------------------

    def _replace(self, place: Path, new: Path) -> None:
        name = Path(place.name) if place.parent == self._root else place.relative_to(self._home.path)
        self._put.append((place, name))
        if place.exists():
            _move(place, self._old / name)
        _move(new, place)

    def _secrets(self, restored: Path) -> Path:
        """The restored secrets among those of this home that the backup does not have."""
        made = self._home / "restored-secrets"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        names = {secret.name for secret in SECRETS if not secret.derived}
        present = self._home / "secrets"
        for file in present.iterdir() if present.is_dir() else ():
            shutil.copy2(file, made / file.name)
        for file in restored.iterdir() if restored.is_dir() else ():
            if file.name in names:
                shutil.copyfile(file, made / file.name)
                (made / file.name).chmod(0o600)
        return made

    def _own(self, file: Path) -> None:
        """What root writes into someone's clone belongs to that someone."""
        if os.geteuid() == 0:
            owner = self._root.stat()
            os.chown(file, owner.st_uid, owner.st_gid)

    @staticmethod
    def _private(folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.move(source, target)  # The clone may lie on another disk than the home.


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
