"""Restoring a backup: built beside what is there, compared, exchanged, and exchanged back when it is not healthy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sereno.core.errors import SerenoError
from sereno.core.units import format_bytes
from sereno.keep.backups.model import LEAST_FREE_BYTES, Manifest, differences, refuse_small_disk
from sereno.keep.backups.ports import Archives, Counted, Tell
from sereno.keep.backups.proof import DUMP, GRAFANA, HOME, tables, unpack_checked

__all__ = ["DUMP", "GRAFANA", "HOME", "Site", "restore"]


class Site(Protocol):
    """A system that a backup is restored into. Each method raises SerenoError with the next step when it fails."""

    def free_bytes(self) -> int:
        """What is free where its data lies."""
        ...

    def set_up(self, parts: Path) -> None:
        """Set up what a restore needs (programs, users, settings from the backup) where nothing has been set up yet."""
        ...

    def build(self, dump: Path) -> Mapping[str, Counted]:
        """Make the restored database beside the present one, which goes on; what it holds."""
        ...

    def exchange(self, parts: Path) -> Path:
        """Stop, put what is there aside, and the restored in its place; where the old lies now."""
        ...

    def start(self) -> None:
        """Start everything and wait until it is healthy."""
        ...

    def exchange_back(self) -> Path:
        """Stop, put the restored aside and the old in its place again, however far `exchange` has come.

        Answers where the restored lies now.
        """
        ...

    def give_up(self) -> None:
        """Remove what `build` has made; nothing else was changed."""
        ...


@dataclass(frozen=True, slots=True)
class Restored:
    """A finished restore: what the file says of itself, and where the old data lies."""

    manifest: Manifest
    old: Path


def restore(
    site: Site,
    archives: Archives,
    file: Path,
    passphrase: str,
    *,
    work: Path,
    known_revisions: tuple[str, ...],
    tell: Tell,
    confirm: Callable[[Manifest], None],
) -> Restored:
    """Restore `file` into `site`. `work` is a private folder on the disk of its data; `confirm` may raise to stop.

    1. the file is read to its end and each part compared with its checksum;
    2. its database is loaded into a new one beside the present one, and compared with the manifest;
    3. old and new change places;
    4. everything is started, and when it does not become healthy, the old is put back and started again.

    Raises SerenoError; until step 3 nothing is changed.
    """
    tell(f"reading {file.name}")
    manifest = unpack_checked(archives, file, passphrase, work)
    if manifest.revision and manifest.revision not in known_revisions:
        raise SerenoError(
            f"the backup's schema ({manifest.revision}) is newer than this program, which knows {known_revisions[-1]}",
            next_step=f"bring the program to version {manifest.program} or later (git pull), then restore",
        )
    refuse_small_disk(site.free_bytes(), space_for(manifest), str(work.parent))
    confirm(manifest)
    site.set_up(work)
    tell(f"loading the database ({format_bytes(manifest.dump_bytes)} of text) beside the present one")
    try:
        wrong = differences(manifest.tables, tables(site.build(work / DUMP)))
    except SerenoError:
        site.give_up()
        raise
    if wrong:
        site.give_up()
        raise SerenoError(
            f"the restored database differs from the backup's manifest: {'; '.join(wrong)}",
            next_step="nothing was changed; try another backup: ./sereno backup list",
        )
    tell("stopping, and exchanging the old for the restored")
    try:
        old = site.exchange(work)
        site.start()
    except SerenoError as error:
        tell(f"the restored system does not become healthy ({error.message}); putting the old back")
        raise _rolled_back(site, error) from error
    return Restored(manifest, old)


def space_for(manifest: Manifest) -> int:
    """What a restore needs beside the unpacked file, in bytes: a database with indexes and logs, and a reserve."""
    return 3 * manifest.dump_bytes + 3 * LEAST_FREE_BYTES


def _rolled_back(site: Site, error: SerenoError) -> SerenoError:
    restored = site.exchange_back()
    try:
        site.start()
    except SerenoError as old:
        state = f"the old is in its place again and does not become healthy either: {old.message}"
    else:
        state = "the old is in its place again and runs"
    return SerenoError(
        f"the restored system did not become healthy: {error.message}; {state}",
        next_step=f"{error.next_step}; what was restored lies in {restored}",
        log_tail=error.log_tail,
    )
