"""The room `keep`, introduced to the database, to the folder of backups and to a throwaway server.

Read from the environment, beside what `sereno.wiring` lists:

SERENO_BACKUPS            folder of the files, where [backup] folder names no other
SERENO_KEPT               folder whose etc, secrets and tls are kept (natively the home)
SERENO_GRAFANA_DATABASE   path of Grafana's database (may not exist)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sereno.core.errors import SettingsError
from sereno.keep.backups.service import Keeper, Plan
from sereno.outside import archive
from sereno.outside.dump import Counted, Dumped, Login, dump, size_of
from sereno.outside.throwaway import OwnServer
from sereno.wiring import DATABASE_NAME, Surroundings
from sereno.wiring.shelf import open_shelf

BACKUP_USER = "sereno_backup"
PASSPHRASE = "backup-passphrase"  # noqa: S105 -- the name of its file.
LEAST_SIGNS = 16


@dataclass(frozen=True, slots=True)
class RunningDatabase:
    """See `sereno.keep.backups.ports.Database`."""

    surroundings: Surroundings

    def estimated_bytes(self) -> int:
        """As the server estimates it."""
        return size_of(self._login())

    def dump(self, target: Path, work: Path) -> Dumped:
        """By the least privileged user that can."""
        return dump(self._login(), target, work)

    def _login(self) -> Login:
        own = self.surroundings.settings.database.url
        if own:
            url = self.surroundings.database_url()
            return Login(
                url.username or "",
                str(url.password or ""),
                url.database or DATABASE_NAME,
                host=url.host or "127.0.0.1",
                port=url.port or 3306,
            )
        host, _, port = self.surroundings.database_address.rpartition(":")
        password = self.surroundings.secret("mysql-backup-password")
        return Login(BACKUP_USER, password, DATABASE_NAME, host=host, port=int(port))


class ThrowawayServer:
    """See `sereno.keep.backups.ports.Rehearsal`."""

    def tables_of(self, dump: Path, work: Path) -> Mapping[str, Counted]:
        """In a server that ends with the call."""
        with OwnServer(work / "server").running() as server:
            server.load(dump)
            return server.tables()


def open_keeper(surroundings: Surroundings, environment: Mapping[str, str] = os.environ) -> Keeper:
    """The desk's backups; nothing is read or connected until it is used."""
    settings = surroundings.settings.backup
    plan = Plan(
        platform=surroundings.platform,
        home=Path(environment.get("SERENO_KEPT", "var")),
        grafana=Path(environment.get("SERENO_GRAFANA_DATABASE", "var/data/grafana/grafana.db")),
        daily=settings.keep_daily,
        weekly=settings.keep_weekly,
        passphrase=lambda: surroundings.secret(PASSPHRASE) if settings.passphrase_file else "",
    )
    return Keeper(
        plan,
        shelf=open_shelf(surroundings, environment),
        database=RunningDatabase(surroundings),
        rehearsal=ThrowawayServer(),
        archives=archive,
    )


def read_passphrase(file: Path) -> str:
    """The passphrase in a file, without the white space around it.

    Raises SettingsError when the file can't be read or the passphrase is short.
    """
    try:
        passphrase = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the passphrase in {file} cannot be read: {error}",
            next_step="correct [backup] passphrase_file in sereno.toml, or the file's owner and mode",
        ) from error
    if len(passphrase) < LEAST_SIGNS:
        raise SettingsError(
            f"the passphrase in {file} has {len(passphrase)} signs; {LEAST_SIGNS} are the least",
            next_step=f"openssl rand -base64 24 > {file} makes a good one; keep a copy of it elsewhere",
        )
    return passphrase
