"""The room `keep`, introduced to the database and to the folder of backups.

Read from the environment, beside what `sereno.wiring` lists:

SERENO_BACKUPS            folder of the files, where [backup] folder names no other
SERENO_KEPT               natively: the home, of which etc and state.json are kept
SERENO_KEPT_SECRETS       folder of the secrets that are kept (else SERENO_SECRETS)
SERENO_OWN                in Compose: folder of what users keep in the clone, in the home's own order
SERENO_PASSPHRASE         file of the passphrase, where [backup] passphrase_file is set
SERENO_GRAFANA_DATABASE   path of Grafana's database (may not exist)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sereno.keep.backups.service import Keeper, Plan
from sereno.outside import archive
from sereno.outside.dump import Dumped, Login, dump, size_of
from sereno.serve.compose_parts import OWN_FOLDERS
from sereno.serve.handover import NAMED
from sereno.settings.backup import read_passphrase
from sereno.settings.named import KEPT_AT
from sereno.wiring import DATABASE_NAME, Surroundings
from sereno.wiring.shelf import open_shelf

BACKUP_USER = "sereno_backup"


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


def open_keeper(surroundings: Surroundings, environment: Mapping[str, str] = os.environ) -> Keeper:
    """The desk's backups; nothing is read or connected until it is used."""
    settings = surroundings.settings.backup
    plan = Plan(
        platform=surroundings.platform,
        kept=_kept(surroundings, environment),
        grafana=Path(environment.get("SERENO_GRAFANA_DATABASE", "var/data/grafana/grafana.db")),
        daily=settings.keep_daily,
        weekly=settings.keep_weekly,
        passphrase=lambda: (
            read_passphrase(Path(environment.get("SERENO_PASSPHRASE", ""))) if settings.passphrase_file else ""
        ),
    )
    return Keeper(
        plan,
        shelf=open_shelf(surroundings, environment),
        database=RunningDatabase(surroundings),
        archives=archive,
    )


def _kept(surroundings: Surroundings, environment: Mapping[str, str]) -> dict[str, Path]:
    """What is kept beside the database, in the home's own order, wherever it lies here."""
    kept = {
        "secrets": Path(environment.get("SERENO_KEPT_SECRETS") or surroundings.secrets),
        "tls": Path(environment.get("SERENO_TLS", "var/tls")),
    }
    if surroundings.platform == "native":
        home = Path(environment.get("SERENO_KEPT", "var"))
        return kept | {"state.json": home / "state.json", "etc": home / "etc"}
    own, settings = Path(environment.get("SERENO_OWN", "")), Path(environment.get("SERENO_SETTINGS", "sereno.toml"))
    return kept | {
        "state.json": settings.with_name("state.json"),
        "etc/sereno.toml": settings,
        KEPT_AT: kept["secrets"].with_name(NAMED),
        **{name: own / name for name in OWN_FOLDERS},
    }
