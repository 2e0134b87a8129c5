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
from sereno.serve.native.home import Home
from sereno.serve.place import COMPOSE_SECRETS, COMPOSE_TLS
from sereno.serve.restored import Aside, RestoredClone

_DATA = "/var/lib/mysql/data"
_KEPT = COMPOSE_SECRETS / "kept"
_OLD_TLS = COMPOSE_SECRETS / "tls"
"""Certificates are put aside here, beside the old secrets: what is in their own volume is backed up again."""
_GRAFANA = "/var/lib/grafana/grafana.db"


@dataclass
class ComposeSite:
    """See `sereno.keep.backups.restore.Site`, for Docker Compose.

    `up` starts everything, `down` stops everything, `start_database` starts the database alone and waits for it.
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

    def __post_init__(self) -> None:
        aside = Aside(self.home / f"before-restore-{self.stamp}", self.home / f"failed-restore-{self.stamp}")
        self._aside, self._clone = aside, RestoredClone(self.root, aside, keep_settings=self.keep_settings)

    def free_bytes(self) -> int:
        """Where the home lies; the engine's own disk is asked by what fills it."""
        return shutil.disk_usage(self.home.path).free

    def set_up(self, parts: Path) -> None:
        """The first `up` where there was none, with the backup's settings."""
        self._parts = parts
        archive.unpack_folder(parts / HOME, parts / "home")
        if self.home.state() is None:
            self._clone.put(parts / "home")
            self.up(parts / "home")

    def build(self, dump: Path) -> Mapping[str, Counted]:
        """In a throwaway server in a container of the desk."""
        self._built = self._counted("check", dump)
        return self._built

    def exchange(self, parts: Path) -> Path:
        """Rename the database's data folder, secrets, certificates and Grafana's database; put the restored there."""
        self.down()
        self._clone.put(parts / "home")
        old = f"{_DATA}.before-restore-{self.stamp}"
        self._run("mysql", f"if [ -e {_DATA} ]; then mv {_DATA} {old}; fi", as_service=True)
        self._run(
            "prepare",
            f"cp -a {_KEPT} {_KEPT}.before-restore-{self.stamp} && "
            f"tar -xzf - -C {_KEPT} --strip-components=1 --no-same-owner secrets",
            parts / HOME,
        )
        if (parts / "home/tls").is_dir():
            old_tls = f"{_OLD_TLS}.before-restore-{self.stamp}"
            self._run(
                "prepare",
                f"cp -a {COMPOSE_TLS} {old_tls} && chown 0:0 {old_tls} && chmod 700 {old_tls} && "
                f"find {COMPOSE_TLS} -mindepth 1 -delete && "
                f"tar -xzf - -C {COMPOSE_TLS} --strip-components=1 --no-same-owner tls",
                parts / HOME,
            )
            self._clone.put_composes_pair(parts / "home")
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
        """The old data folder, secrets, certificates, Grafana's database and the clone's files in their places."""
        self.down()
        self._aside.undo()
        failed, before = f"failed-restore-{self.stamp}", f"before-restore-{self.stamp}"
        for service, place in (("mysql", _DATA), ("prepare", _KEPT), ("grafana", _GRAFANA)):
            swap = (
                f"if [ -e {place}.{before} ]; then if [ -e {place} ]; then mv {place} {place}.{failed}; fi; "
                f"mv {place}.{before} {place}; fi"
            )
            self._run(service, swap, as_service=service != "prepare")
        # A volume's own folder cannot be renamed, so what is in it is.
        self._run(
            "prepare",
            f"if [ -e {_OLD_TLS}.{before} ]; then mkdir -m 700 {_OLD_TLS}.{failed} && "
            f"cp -a {COMPOSE_TLS}/. {_OLD_TLS}.{failed} && find {COMPOSE_TLS} -mindepth 1 -delete && "
            f"cp -a {_OLD_TLS}.{before}/. {COMPOSE_TLS} && rm -r {_OLD_TLS}.{before}; fi",
        )
        return Path(f"{_DATA}.{failed}")

    def give_up(self) -> None:
        """The throwaway server has ended by itself."""

    # -- steps -----------------------------------------------------------------------------------------------------

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
