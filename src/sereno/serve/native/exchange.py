"""Exchanging a native system's data for a restored one, and back. Nothing is deleted: what goes is put aside."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sereno.serve.native.files import hand_over
from sereno.serve.native.home import Home
from sereno.serve.restored import PAIR, SERVED, Aside, RestoredClone, origin
from sereno.serve.secrets import SECRETS

DATABASE = "data/mysql"
GRAFANA = "data/grafana"


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
        self._home = home
        self._user = user
        self._down = down
        self._aside = Aside(home / f"before-restore-{stamp}", home / f"failed-restore-{stamp}")
        self._clone = RestoredClone(root, self._aside, keep_settings=keep_settings)

    def exchange(self, *, database: Path, grafana: Path | None, kept: Path) -> Path:
        """Put `database`, Grafana's database file and the files of `kept` (`secrets`, `tls`, `etc`) in their places.

        Answers where the old ones lie.
        """
        secrets = self._secrets(kept / "secrets")
        self._down()
        self._replace(DATABASE, database)
        self._replace("secrets", secrets)
        self._clone.put(kept)
        if (kept / "tls").is_dir():
            self._keep_made_here(kept)
            self._replace("tls", kept / "tls")
        if grafana is not None:
            folder = kept / "grafana"
            folder.mkdir()
            grafana.rename(folder / "grafana.db")
            self._replace(GRAFANA, folder)
        for name in (DATABASE, GRAFANA, "secrets", "tls"):
            hand_over(self._home / name, self._user)
        return self._aside.old

    def put_settings(self, kept: Path) -> None:
        """Bring the backup's settings into the clone, and what users had added where there is nothing of that name."""
        self._clone.put(kept)

    def exchange_back(self) -> Path:
        """Put the old in its place again; answers where the restored lies."""
        self._down()
        self._aside.undo()
        return self._aside.failed

    # -- steps -----------------------------------------------------------------------------------------------------

    def _replace(self, name: str, new: Path) -> None:
        self._aside.replace(self._home / name, new, Path(name))

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

    @staticmethod
    def _keep_made_here(kept: Path) -> None:
        """Natively a self-signed pair is served from the home's own, which a backup of Compose's does not have."""
        if origin(kept) == "self-signed" and not (kept / "tls" / PAIR[0]).exists():
            for name in PAIR:
                shutil.copy2(kept / SERVED / name, kept / "tls" / name)
