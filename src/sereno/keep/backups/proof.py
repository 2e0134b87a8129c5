"""Proving that a backup restores. Apart from making one, so that it can be done in little memory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import NotFound, SerenoError
from sereno.keep.backups.folder import backups_on
from sereno.keep.backups.model import (
    Backup,
    Manifest,
    Member,
    Proof,
    Table,
    bytes_needed,
    differences,
    read_manifest,
    record_of,
    refuse_small_disk,
)
from sereno.keep.backups.ports import Archives, Counted, Rehearsal, Shelf, Tell

DUMP, GRAFANA, HOME = "database.sql.gz", "grafana.db.gz", "home.tar.gz"
"""The parts of a file beside its manifest; Grafana's database is there where there is a Grafana."""


class Prover:
    """Restores the backups of one folder into a throwaway server."""

    def __init__(self, shelf: Shelf, *, archives: Archives, rehearsal: Rehearsal, clock: Clock = utc_now) -> None:
        self._shelf = shelf
        self._archives = archives
        self._rehearsal = rehearsal
        self._clock = clock

    def prove(self, name: str, passphrase: str, tell: Tell) -> Backup:
        """Restore a backup, compare it with its manifest, and note the outcome, which the answer has.

        Raises NotFound, and Conflict while another process makes or proves one.
        """
        with self._shelf.only_one():
            backup = named(self._shelf, name)
            tell(f"restoring {name} into a throwaway server")
            proven = replace(backup, proof=self._proof(backup, passphrase))
            self._shelf.write_record(name, record_of(proven))
            return proven

    def _proof(self, backup: Backup, passphrase: str) -> Proof:
        began, at = time.monotonic(), self._clock()
        file = self._shelf.folder / backup.name
        try:
            with self._shelf.work() as work:
                manifest = read_manifest(self._archives.manifest_in(file, passphrase))
                # Unpacked, and twice its text as a database with its indexes and logs.
                needed = bytes_needed(None, backup.bytes, manifest.dump_bytes)
                refuse_small_disk(self._shelf.free_bytes(), needed, str(self._shelf.folder))
                unpack_checked(self._archives, file, passphrase, work)
                wrong = differences(manifest.tables, tables(self._rehearsal.tables_of(work / DUMP, work)))
        except SerenoError as error:
            wrong = [error.message, *error.log_tail.splitlines()[-3:]]
        return Proof(at, round(time.monotonic() - began, 1), not wrong, "; ".join(wrong)[:1000])


def named(shelf: Shelf, name: str) -> Backup:
    """The backup with this file name. Raises NotFound."""
    for backup in backups_on(shelf):
        if backup.name == name:
            return backup
    raise NotFound(f"there is no backup {name} in {shelf.folder}", next_step="./sereno backup list")


def tables(counted: Mapping[str, Counted]) -> dict[str, Table]:
    """What was counted, as the manifest has it."""
    return {name: Table(each.rows, each.newest, each.fingerprint) for name, each in counted.items()}


def unpack_checked(archives: Archives, file: Path, passphrase: str, folder: Path) -> Manifest:
    """Unpack a file and compare each part with its checksum in the manifest, which is returned.

    Raises SerenoError when a part is missing, too much, or differs.
    """
    text, found = archives.unpack(file, passphrase, folder)
    manifest = read_manifest(text)
    measured = {name: Member(part.bytes, part.sha256) for name, part in found.items()}
    wrong = sorted(name for name in {*measured, *manifest.members} if measured.get(name) != manifest.members.get(name))
    if wrong or DUMP not in manifest.members:
        raise SerenoError(
            f"{file.name} is damaged: {', '.join(wrong) or DUMP} is not what the manifest says",
            next_step="take another one: ./sereno backup list",
        )
    return manifest
