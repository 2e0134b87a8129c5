"""Making and listing backups."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sereno import __version__
from sereno.core.clock import Clock, utc_now
from sereno.core.errors import Conflict, SerenoError
from sereno.keep.backups.folder import attempt_record, backups_on, condition_of
from sereno.keep.backups.model import (
    Attempt,
    Backup,
    Condition,
    Manifest,
    Member,
    bytes_needed,
    file_name,
    read_manifest,
    record_of,
    refuse_small_disk,
    superfluous,
)
from sereno.keep.backups.ports import Archives, Database, Shelf, Tell
from sereno.keep.backups.proof import DUMP, GRAFANA, HOME, tables

NOT_KEPT = frozenset({"secrets/backup-passphrase"})
"""A key has no place in the box that it opens."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is saved, and for how long the files are kept.

    `kept` is what a restore on another machine needs beside the database: a path in the home → the file or folder
    that it is here. `grafana` is Grafana's database, which may not exist. `passphrase` is asked when it is needed;
    empty: not encrypted.
    """

    platform: str
    kept: Mapping[str, Path]
    grafana: Path
    daily: int
    weekly: int
    passphrase: Callable[[], str]


class Keeper:
    """Backups in one folder. Methods that write hold the folder's lock, so that one process at a time does."""

    def __init__(
        self,
        plan: Plan,
        *,
        shelf: Shelf,
        database: Database,
        archives: Archives,
        clock: Clock = utc_now,
    ) -> None:
        self._plan = plan
        self._shelf = shelf
        self._database = database
        self._archives = archives
        self._clock = clock

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self._shelf.folder

    def condition(self) -> Condition:
        """What there is, newest first. Raises SerenoError when the folder can't be read."""
        return condition_of(self._shelf)

    def make(self, tell: Tell) -> Backup:
        """Make one backup and remove those that need not be kept any more.

        Raises Conflict while another process makes one, SerenoError with the next step when it fails; the attempt is
        noted either way.
        """
        with self._shelf.only_one():
            # Noted first: one that is killed each time must not be begun again and again.
            self._note(Attempt(self._clock(), False, "it was broken off"))
            try:
                backup = self._make(tell)
            except Exception as error:
                words = error.message if isinstance(error, SerenoError) else repr(error)
                self._note(Attempt(self._clock(), False, words))
                raise
            self._note(Attempt(self._clock(), True))
            self._tidy(tell)
            return backup

    def adopt(self) -> None:
        """Make records for files that have none: brought from another machine, or whole when their maker was killed."""
        for name in self._shelf.unrecorded():
            with suppress(SerenoError):  # Damaged, or of another passphrase: it stays where it is, unlisted.
                file = self.folder / name
                manifest = self.manifest(file)
                backup = self._described(file, manifest, self._archives.measure(file).sha256, 0.0)
                self._shelf.write_record(name, record_of(backup))

    def manifest(self, file: Path, passphrase: str | None = None) -> Manifest:
        """What a file says of itself. Raises SerenoError when it can't be read or does not open."""
        return read_manifest(self._archives.manifest_in(file, self._key(passphrase)))

    # -- steps -----------------------------------------------------------------------------------------------------

    def _make(self, tell: Tell) -> Backup:
        began = time.monotonic()
        passphrase = self._plan.passphrase()
        made_at = self._clock().replace(microsecond=0)
        name = file_name(made_at, sealed=bool(passphrase))
        if (self.folder / name).exists():
            raise Conflict(f"{name} has just been made", next_step="wait a second")
        self._look_for_space()
        with self._shelf.work() as work:
            tell("dumping the database")
            dumped = self._database.dump(work / DUMP, work)
            parts = {DUMP: work / DUMP}
            if self._plan.grafana.exists():
                self._archives.copy_sqlite(self._plan.grafana, work / GRAFANA)
                parts[GRAFANA] = work / GRAFANA
            self._archives.pack_paths(self._plan.kept, work / HOME, without=NOT_KEPT)
            parts[HOME] = work / HOME
            manifest = Manifest(
                made_at=made_at,
                program=__version__,
                platform=self._plan.platform,
                server=dumped.server,
                revision=dumped.revision,
                dump_bytes=dumped.bytes,
                tables=tables(dumped.tables),
                members={part: self._member(file) for part, file in parts.items()},
            )
            tell("writing the file")
            sha256 = self._archives.pack(
                self.folder / name,
                manifest.to_json(),
                parts,
                passphrase=passphrase,
                written_at=made_at.timestamp(),
            )
        seconds = round(time.monotonic() - began, 1)
        backup = self._described(self.folder / name, manifest, sha256, seconds)
        self._shelf.write_record(name, record_of(backup))
        return backup

    @staticmethod
    def _described(file: Path, manifest: Manifest, sha256: str, seconds: float) -> Backup:
        return Backup(
            name=file.name,
            made_at=manifest.made_at,
            seconds=seconds,
            bytes=file.stat().st_size,
            sha256=sha256,
            tables=len(manifest.tables),
            rows=manifest.rows,
            newest=max((table.newest for table in manifest.tables.values() if table.newest), default=None),
            program=manifest.program,
            server=manifest.server,
            revision=manifest.revision,
        )

    def _look_for_space(self) -> None:
        last = next(iter(backups_on(self._shelf)), None)
        grafana = self._plan.grafana.stat().st_size if self._plan.grafana.exists() else 0
        needed = bytes_needed(None if last is None else last.bytes, self._database.estimated_bytes(), grafana)
        refuse_small_disk(self._shelf.free_bytes(), needed, str(self.folder))

    def _member(self, file: Path) -> Member:
        part = self._archives.measure(file)
        return Member(part.bytes, part.sha256)

    def _tidy(self, tell: Tell) -> None:
        self.adopt()
        for backup in superfluous(
            backups_on(self._shelf), now=self._clock(), daily=self._plan.daily, weekly=self._plan.weekly
        ):
            self._shelf.remove(backup.name)
            tell(f"removed {backup.name}")

    def _note(self, attempt: Attempt) -> None:
        self._shelf.write_attempt(attempt_record(attempt))

    def _key(self, passphrase: str | None) -> str:
        return self._plan.passphrase() if passphrase is None else passphrase
