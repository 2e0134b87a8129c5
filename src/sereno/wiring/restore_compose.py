"""The room `keep` and the platform Compose, introduced to each other for a restore.

Everything lies in volumes, so each step is a container that runs to its end. What is there is renamed in its volume,
never removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sereno.core.clock import parse_rfc3339
from sereno.core.errors import SerenoError
from sereno.keep.backups.restore import DUMP, GRAFANA, HOME
from sereno.outside import archive
from sereno.outside.docker import Docker
from sereno.outside.dump import Counted
from sereno.serve.native.exchange import NativeExchange
from sereno.serve.native.home import Home

_DATA = "/var/lib/mysql/data"
_KEPT = "/run/sereno/secrets/kept"
_GRAFANA = "/var/lib/grafana/grafana.db"


@dataclass
class ComposeSite:
    """See `sereno.keep.backups.restore.Site`, for Docker Compose.

    `up` starts everything, `down` stops everything, `start_database` starts the database alone and waits for it.
    Certificates stay as they are here: the names that they are for belong to the machine.
    """

    engine: Docker
    home: Home
    root: Path
    stamp: str
    up: Callable[[Path], None]
    down: Callable[[], None]
    start_database: Callable[[], None]
    keep_settings: bool = False
    _parts: Path | None = field(default=None, init=False)
    _to_load: Path | None = field(default=None, init=False)
    _built: Mapping[str, Counted] = field(default_factory=dict, init=False)

    def free_bytes(self) -> int:
        """Where the home lies; the engine's own disk is asked by what fills it."""
        return shutil.disk_usage(self.home.path).free

    def set_up(self, parts: Path) -> None:
        """The first `up` where there was none, with the backup's settings."""
        self._parts = parts
        archive.unpack_folder(parts / HOME, parts / "home")
        if self.home.state() is None:
            self._settings().put_settings(parts / "home")
            self.up(parts / "home")

    def build(self, dump: Path) -> Mapping[str, Counted]:
        """In a throwaway server in a container of the desk."""
        self._built = self._counted("check", dump)
        return self._built

    def exchange(self, parts: Path) -> Path:
        """Rename the database's data folder, the secrets and Grafana's database, and put the restored secrets there."""
        self.down()
        self._settings().put_settings(parts / "home")
        old = f"{_DATA}.before-restore-{self.stamp}"
        self._run("mysql", f"if [ -e {_DATA} ]; then mv {_DATA} {old}; fi", as_service=True)
        self._run(
            "prepare",
            f"cp -a {_KEPT} {_KEPT}.before-restore-{self.stamp} && "
            f"tar -xzf - -C {_KEPT} --strip-components=1 --no-same-owner secrets",
            parts / HOME,
        )
        if (parts / GRAFANA).exists():
            archive.unzip(parts / GRAFANA, parts / "grafana.db")
            self._run(
                "grafana",
                f"if [ -e {_GRAFANA} ]; then mv {_GRAFANA} {_GRAFANA}.before-restore-{self.stamp}; fi && "
                f"cat > {_GRAFANA} && chmod 640 {_GRAFANA}",
                parts / "grafana.db",
                as_service=True,
            )
        self._to_load = parts / DUMP
        return Path(old)

    def start(self) -> None:
        """An empty database with its users first, then its rows, then everything."""
        if self._to_load is not None:
            dump, self._to_load = self._to_load, None
            self._run("prepare", "python -m sereno.prepare")
            self.start_database()
            loaded = self._counted("load", dump)
            if {name: each.rows for name, each in loaded.items()} != {n: each.rows for n, each in self._built.items()}:
                raise SerenoError(
                    "the database holds other rows than the backup", next_step="look at ./sereno logs mysql"
                )
        self.up(self._parts or self.home.path)

    def exchange_back(self) -> Path:
        """The old data folder, secrets and Grafana's database in their places again."""
        self.down()
        failed, before = f"failed-restore-{self.stamp}", f"before-restore-{self.stamp}"
        for service, place in (("mysql", _DATA), ("prepare", _KEPT), ("grafana", _GRAFANA)):
            swap = (
                f"if [ -e {place}.{before} ]; then if [ -e {place} ]; then mv {place} {place}.{failed}; fi; "
                f"mv {place}.{before} {place}; fi"
            )
            self._run(service, swap, as_service=service != "prepare")
        return Path(f"{_DATA}.{failed}")

    def give_up(self) -> None:
        """The throwaway server has ended by itself."""

    # -- steps -----------------------------------------------------------------------------------------------------

    def _settings(self) -> NativeExchange:
        """What brings settings and the user's own files into the clone, as natively."""
        return NativeExchange(
            self.home, self.root, user="", stamp=self.stamp, down=self.down, keep_settings=self.keep_settings
        )

    def _counted(self, verb: str, dump: Path) -> dict[str, Counted]:
        said = self._run("worker", f"exec python -m sereno.worker.loader {verb}", dump)
        try:
            told = json.loads(said.strip().splitlines()[-1])
        except (ValueError, IndexError) as error:
            raise SerenoError(
                "the container that loads the database said nothing that can be read",
                next_step="run it again; ./sereno doctor looks at the engine",
                log_tail=said,
            ) from error
        return {
            name: Counted(
                each["rows"], None if each["newest"] is None else parse_rfc3339(each["newest"]), each["fingerprint"]
            )
            for name, each in told.items()
        }

    def _run(self, service: str, script: str, given: Path | None = None, *, as_service: bool = False) -> str:
        """Run a script in a container of the service to its end; what it says. Raises SerenoError when it fails."""
        shell = ["--entrypoint", "sh"] if as_service else []
        command = ["-c", script] if as_service else ["sh", "-c", script]
        arguments = ["run", "--rm", "--no-deps", "-T", *shell, service, *command]
        done = self.engine.feed(arguments, given)
        if done.code != 0:
            raise SerenoError(
                f"a step in a container of {service} ended with {done.code}",
                next_step="read the lines above; a full disk is the usual cause",
                log_tail="\n".join(done.output.strip().splitlines()[-10:]),
            )
        return done.output
