"""The folder of backups on the disk: the files, a record and a checksum beside each, and a lock."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sereno.core.clock import parse_rfc3339, rfc3339, utc_now
from sereno.core.errors import Conflict, SerenoError
from sereno.core.files import replace_file

_LOCK, _LAST, _SINCE, _WORK = ".lock", ".last-attempt.json", ".since", ".work-"


class Shelf:
    """See `sereno.keep.backups.ports.Shelf`. The folder is made when it is first used, closed to others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the lock; it ends with the process, however that ends."""
        self._make_folder()
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(
                    "another process makes or proves a backup now", next_step="wait until it has ended, then try again"
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, rfc3339(utc_now()).encode(), 0)
            self._remove_leftovers()
            yield
        finally:
            os.close(descriptor)

    def busy_since(self) -> datetime | None:
        """By trying the lock, and what its holder wrote there."""
        try:
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with suppress(ValueError):
                return parse_rfc3339(os.pread(descriptor, 40, 0).decode(errors="replace"))
            return utc_now()
        finally:
            os.close(descriptor)
        return None

    @contextmanager
    def work(self) -> Iterator[Path]:
        """Private to this user; on the same disk, so that what is made there can be renamed."""
        self._make_folder()
        folder = Path(tempfile.mkdtemp(prefix=_WORK, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def free_bytes(self) -> int:
        """What this user may still write."""
        self._make_folder()
        return shutil.disk_usage(self.folder).free

    def since(self) -> datetime:
        """Noted at the first call."""
        self._make_folder()
        file = self.folder / _SINCE
        with suppress(OSError, ValueError):
            return parse_rfc3339(file.read_text(encoding="ascii").strip())
        now = datetime.now(UTC).replace(microsecond=0)
        with suppress(OSError):  # On a full disk it is noted the next time.
            replace_file(file, rfc3339(now).encode(), 0o600)
        return now

    def records(self) -> list[Mapping[str, Any]]:
        """Of those whose file is there."""
        if not self.folder.is_dir():
            return []
        try:
            files = [file for file in self.folder.glob("sereno-*.json") if file.with_suffix("").exists()]
            return [json.loads(file.read_text(encoding="utf-8")) for file in files]
        except PermissionError as error:
            raise SerenoError(
                f"{error.filename} cannot be read by this user", next_step="type the command with sudo"
            ) from error

    def unrecorded(self) -> list[str]:
        """By the files' names."""
        files = [*self.folder.glob("sereno-*.tar"), *self.folder.glob("sereno-*.tar.age")]
        return [file.name for file in files if not self._record(file.name).exists()]

    def write_record(self, name: str, record: Mapping[str, Any]) -> None:
        """Beside the file, with a checksum that `sha256sum --check` reads."""
        replace_file(self._record(name), (json.dumps(record, indent=2) + "\n").encode(), 0o600)
        replace_file(self.folder / f"{name}.sha256", f"{record['sha256']}  {name}\n".encode(), 0o600)

    def last_attempt(self) -> Mapping[str, Any] | None:
        """None before the first one."""
        try:
            attempt: Mapping[str, Any] = json.loads((self.folder / _LAST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return attempt

    def write_attempt(self, record: Mapping[str, Any]) -> None:
        """On a full disk it is not noted, and the failure itself is told all the same."""
        with suppress(OSError):
            replace_file(self.folder / _LAST, (json.dumps(record) + "\n").encode(), 0o600)

    def remove(self, name: str) -> None:
        """The file first: what a killed process leaves of the rest is removed the next time."""
        for file in (self.folder / name, self.folder / f"{name}.sha256", self._record(name)):
            file.unlink(missing_ok=True)

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SerenoError(
                f"{self.folder} cannot be made: {error.strerror}",
                next_step="make it, owned by the user that Sereno runs as, or correct [backup] folder",
            ) from error

    def _remove_leftovers(self) -> None:
        """What a process that was killed has left; nobody else works here now."""
        for file in self.folder.iterdir():
            if file.name.startswith(_WORK):
                shutil.rmtree(file, ignore_errors=True)
            elif file.suffix == ".partial" or (file.suffix in (".json", ".sha256") and self._is_left_alone(file)):
                file.unlink(missing_ok=True)

    @staticmethod
    def _is_left_alone(beside: Path) -> bool:
        return beside.name.startswith("sereno-") and not beside.with_suffix("").exists()
