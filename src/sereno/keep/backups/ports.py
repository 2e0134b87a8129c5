"""What keeping needs of the world, as Protocols; `sereno.outside` matches them by shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

Tell = Callable[[str], None]
"""Is told of each step that begins."""


class Counted(Protocol):
    """What a table holds; see `sereno.keep.backups.model.Table`."""

    @property
    def rows(self) -> int: ...

    @property
    def newest(self) -> datetime | None: ...

    @property
    def fingerprint(self) -> int: ...


class Dumped(Protocol):
    """What a dump holds."""

    @property
    def tables(self) -> Mapping[str, Counted]: ...

    @property
    def server(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def bytes(self) -> int:
        """The dump's size, unpacked."""
        ...


class Database(Protocol):
    """The running database. Each method raises Unavailable when it does not answer."""

    def estimated_bytes(self) -> int:
        """About how much its tables take on the disk."""
        ...

    def dump(self, target: Path, work: Path) -> Dumped:
        """Write a consistent compressed dump to `target`, with what it holds, counted in the same snapshot."""
        ...


class Rehearsal(Protocol):
    """A throwaway server."""

    def tables_of(self, dump: Path, work: Path) -> Mapping[str, Counted]:
        """Load the dump into an empty server made in the folder `work`, and count what is in it then.

        Raises SerenoError with what the server or its client said.
        """
        ...


class Part(Protocol):
    """One part of a file as it was read."""

    @property
    def bytes(self) -> int: ...

    @property
    def sha256(self) -> str: ...


class Archives(Protocol):
    """The form of the file. What reads raises SerenoError for a file that is damaged or does not open."""

    def measure(self, file: Path) -> Part:
        """A file's size and SHA-256."""
        ...

    def pack(
        self, target: Path, manifest: str, parts: Mapping[str, Path], *, passphrase: str, written_at: float
    ) -> str:
        """Write the file, whole or not at all, encrypted when there is a passphrase; its SHA-256."""
        ...

    def manifest_in(self, file: Path, passphrase: str) -> str:
        """The manifest's text."""
        ...

    def unpack(self, file: Path, passphrase: str, folder: Path) -> tuple[str, Mapping[str, Part]]:
        """Put every part into `folder`; the manifest's text, and what each part was found to be."""
        ...

    def pack_paths(self, paths: Mapping[str, Path], target: Path, *, without: frozenset[str]) -> None:
        """Write a compressed tar: name in it → the file or folder that it is of, where that exists."""
        ...

    def copy_sqlite(self, source: Path, target: Path) -> None:
        """A consistent, compressed copy of an SQLite database that is in use."""
        ...


class Shelf(Protocol):
    """The folder of backups: files, and a record beside each."""

    folder: Path

    def only_one(self) -> AbstractContextManager[None]:
        """Hold the folder's lock. Raises Conflict while another process makes or proves a backup."""
        ...

    def busy_since(self) -> datetime | None:
        """Since when another process has held the lock; None when nobody does."""
        ...

    def work(self) -> AbstractContextManager[Path]:
        """A private folder on the same disk, removed afterwards, also what a killed process left of one."""
        ...

    def free_bytes(self) -> int: ...

    def since(self) -> datetime:
        """When the folder was first used."""
        ...

    def records(self) -> list[Mapping[str, Any]]:
        """The record of each file that is there."""
        ...

    def unrecorded(self) -> list[str]:
        """The names of backups that have no record."""
        ...

    def write_record(self, name: str, record: Mapping[str, Any]) -> None: ...

    def last_attempt(self) -> Mapping[str, Any] | None: ...

    def write_attempt(self, record: Mapping[str, Any]) -> None: ...

    def remove(self, name: str) -> None:
        """Remove a file and its record."""
        ...
