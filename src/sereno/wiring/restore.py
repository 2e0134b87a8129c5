"""The room `keep` and the native platform, introduced to each other for a restore."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sereno.keep.backups.restore import GRAFANA, HOME
from sereno.outside import archive
from sereno.outside.dump import Counted
from sereno.outside.throwaway import OwnServer
from sereno.serve.native.exchange import NativeExchange
from sereno.serve.native.files import hand_over
from sereno.serve.native.home import Home

REDO_LOG_MB = 48
"""As in the real server's configuration, which else would make it anew at its first start."""


@dataclass
class NativeSite:
    """See `sereno.keep.backups.restore.Site`, for the native platform.

    `user` is whom the system runs as (empty: us). `up` starts it with the settings as they are then, `down` stops it.
    """

    home: Home
    root: Path
    user: str
    stamp: str
    up: Callable[[Path], None]
    """Is given the folder with the backup's copy of the home."""
    down: Callable[[], None]
    keep_settings: bool = False
    _kept: Path | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._exchange = NativeExchange(
            self.home,
            self.root,
            user=self.user,
            stamp=self.stamp,
            down=self._stop,
            keep_settings=self.keep_settings,
        )
        self._built = self.home / "restored-mysql"

    def free_bytes(self) -> int:
        """Where the home lies."""
        return shutil.disk_usage(self.home.path).free

    def set_up(self, parts: Path) -> None:
        """Unpack the backup's copy of its home; the first `up` where there was none, with the backup's settings."""
        self._kept = parts / "home"
        archive.unpack_folder(parts / HOME, self._kept)
        if self.home.state() is None:
            self._exchange.put_settings(self._kept)
            self.up(self._kept)

    def build(self, dump: Path) -> Mapping[str, Counted]:
        """On the server that is installed here; its data is whole on the disk when this returns."""
        shutil.rmtree(self._built, ignore_errors=True)
        self._built.mkdir(mode=0o700)
        hand_over(self._built, self.user)
        with OwnServer(self._built, user=self.user, keep=True, log_mb=REDO_LOG_MB).running() as server:
            server.load(dump)
            return server.tables()

    def exchange(self, parts: Path) -> Path:
        """Database, secrets, certificates, settings, and Grafana's database where the backup has one."""
        if self._kept is None:
            raise ValueError("set_up comes first")
        grafana = None
        if (parts / GRAFANA).exists():
            grafana = parts / "grafana.db"
            archive.unzip(parts / GRAFANA, grafana)
        with self.home.only_one():
            return self._exchange.exchange(database=self._built, grafana=grafana, kept=self._kept)

    def start(self) -> None:
        """As `./sereno up` does."""
        self.up(self._kept or self.home.path)

    def exchange_back(self) -> Path:
        """The old in its place again."""
        with self.home.only_one():
            return self._exchange.exchange_back()

    def give_up(self) -> None:
        """Remove the database that was built."""
        shutil.rmtree(self._built, ignore_errors=True)

    def _stop(self) -> None:
        self.down()
