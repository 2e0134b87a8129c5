"""Which secret lies where in Compose's volume of secrets, and who may read it. Pure.

Each reader has a folder of its own there, so that one container's user can't read what is another's. The folder
`kept` is root's: from it everything else is made again when it is missing or wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sereno.core.errors import UsageError
from sereno.serve.catalogue.desk import BACKUPS_GROUP, DESK_USER
from sereno.serve.catalogue.exporters import MYSQLD_EXPORTER_USER
from sereno.serve.place import Place
from sereno.serve.render import exporter_options, users_sql
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD, SECRETS

KEPT = "kept"
BACKUPS = "backups"
"""The folder of what a backup must hold."""
NAMED = "named"
"""The folder of files in the clone that the settings name, for backups too."""

ROOT = 0
READERS: Mapping[str, int] = {
    KEPT: ROOT,
    "desk": DESK_USER,
    "mysql": 999,
    # Nginx's first process is root, without the right to read what belongs to others.
    "nginx": ROOT,
    "alertmanager": 65534,
    "grafana": 472,
    "mysqld-exporter": MYSQLD_EXPORTER_USER,
    BACKUPS: BACKUPS_GROUP,
    NAMED: BACKUPS_GROUP,
}
"""Folder → the user id that its container runs as; of the last two it is a group that the worker belongs to."""

GRAFANA_ADMIN = "grafana-admin-password"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Handed:
    """A file for one reader: `folder/name`, readable by that reader's user alone."""

    folder: str
    name: str
    text: str

    @property
    def owner(self) -> int:
        """The user id that owns the file."""
        return READERS[self.folder]

    @property
    def mode(self) -> int:
        """The file's mode: for its owner alone, but in `backups`, which is read by a group."""
        return 0o440 if self.folder == BACKUPS else 0o400


def make_secrets(kept: Mapping[str, str], *, lab: bool) -> dict[str, str]:
    """Every secret's text: what is kept, what is missing made anew, what only repeats others made again.

    The classroom's Grafana password is used in the classroom alone: outside of it a kept one is replaced.
    """
    made: dict[str, str] = {}
    for secret in SECRETS:
        text = "" if secret.derived else kept.get(secret.name, "")
        if secret.name == GRAFANA_ADMIN and text == LAB_GRAFANA_PASSWORD and not lab:
            text = ""
        if secret.name == GRAFANA_ADMIN and lab:
            text = LAB_GRAFANA_PASSWORD
        made[secret.name] = text or secret.make(made)
    return made


def hand_over(made: Mapping[str, str], place: Place) -> list[Handed]:
    """Every file of the volume but Nginx's certificate."""
    kept = [Handed(KEPT, secret.name, made[secret.name]) for secret in SECRETS if not secret.derived]
    copies = [Handed(reader, secret.name, made[secret.name]) for secret in SECRETS for reader in secret.readers]
    saved = [Handed(BACKUPS, each.name, each.text) for each in kept]
    rendered = [
        Handed("mysql", "mysql-users.sql", users_sql(place, made)),
        Handed("mysqld-exporter", "mysqld-exporter.cnf", exporter_options(place, made)),
    ]
    return kept + copies + saved + rendered


def refuse_known_password(*, lab: bool, operator_bind: str, lab_machine: bool) -> None:
    """The classroom's password is public, so Grafana may be reached with it from this machine alone.

    Raises UsageError otherwise; the classroom's virtual machine (`lab_machine`) is forwarded from loopback only.
    """
    if lab and operator_bind not in _LOOPBACK and not lab_machine:
        raise UsageError(
            f"Grafana would be reachable at {operator_bind} with the classroom's known password",
            next_step="in docker/.env remove SERENO_LAB, or remove SERENO_OPERATOR_BIND",
        )
