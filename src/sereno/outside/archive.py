"""The file that a backup is: a tar with a manifest first, whole or not there, encrypted when there is a passphrase."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import posixpath
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from sereno.core.errors import SerenoError

if TYPE_CHECKING:
    from typing_extensions import Buffer  # In collections.abc from Python 3.12.

    from sereno.outside.age import Sink

MANIFEST = "manifest.json"
_CHUNK = 1 << 17
_MOST_MANIFEST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part as it was read: its size in bytes and its SHA-256 in hex."""

    bytes: int
    sha256: str


class _Counting(io.RawIOBase):
    """Writes on, and keeps a SHA-256 of everything."""

    def __init__(self, target: Sink) -> None:
        super().__init__()
        self._target = target
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        self.digest.update(piece)
        self._target.write(piece)
        return len(piece)


def measure(file: Path) -> Part:
    """A file's size and SHA-256."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return Part(file.stat().st_size, digest.hexdigest())


def pack(target: Path, manifest: str, parts: Mapping[str, Path], *, passphrase: str, written_at: float) -> str:
    """Write the file `target`, readable by its owner alone, and answer its SHA-256; all of it is on the disk then.

    It is written as `target`.partial and renamed when it is whole, so that no half file is ever taken for a backup.
    """
    partial = target.with_name(f"{target.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb", _CHUNK) as file:
            counting = _Counting(file)
            if passphrase:
                from sereno.outside.age import Sealed  # It loads 9 MB that most backups do not need.

                with closing(Sealed(counting, passphrase)) as sealed:
                    _write_tar(sealed, manifest, parts, written_at)
            else:
                _write_tar(counting, manifest, parts, written_at)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
        sync_folder(target.parent)
        return counting.digest.hexdigest()
    finally:
        partial.unlink(missing_ok=True)


def _write_tar(stream: Sink, manifest: str, parts: Mapping[str, Path], written_at: float) -> None:
    # A tar that is written as a stream needs nothing but `write`.
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="w|", format=tarfile.PAX_FORMAT, bufsize=_CHUNK) as tar:
        content = manifest.encode()
        _add(tar, MANIFEST, len(content), io.BytesIO(content), written_at)
        for name, part in parts.items():
            with part.open("rb") as source:
                _add(tar, name, part.stat().st_size, source, written_at)


def _add(tar: tarfile.TarFile, name: str, size: int, source: IO[bytes], written_at: float) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(written_at)
    tar.addfile(entry, source)


def manifest_in(file: Path, passphrase: str) -> str:
    """The manifest's text. Raises SerenoError when the file can't be read, is damaged, or does not open."""
    with _opened(file, passphrase) as tar:
        return _first(file, tar)


def unpack(file: Path, passphrase: str, folder: Path) -> tuple[str, dict[str, Part]]:
    """Put every part but the manifest into `folder`; the manifest's text, and what each part was found to be."""
    found: dict[str, Part] = {}
    with _opened(file, passphrase) as tar:
        manifest = _first(file, tar)
        while (entry := tar.next()) is not None:
            if not entry.isfile() or "/" in entry.name or entry.name.startswith("."):
                raise _damaged(file, f"it has a part named {entry.name!r}")
            with _private(folder / entry.name) as target:
                found[entry.name] = _copy(_content(file, tar, entry), target)
    return manifest, found


def _first(file: Path, tar: tarfile.TarFile) -> str:
    entry = tar.next()
    if entry is None or entry.name != MANIFEST or entry.size > _MOST_MANIFEST_BYTES:
        raise _damaged(file, "it does not begin with a manifest")
    return _content(file, tar, entry).read().decode("utf-8", errors="replace")


def _content(file: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(entry)
    if content is None:
        raise _damaged(file, f"its part {entry.name!r} is no file")
    return content


@contextmanager
def _opened(file: Path, passphrase: str) -> Iterator[tarfile.TarFile]:
    try:
        with (
            file.open("rb") as raw,
            tarfile.open(fileobj=_plain(file, raw, passphrase), mode="r|", bufsize=_CHUNK) as tar,
        ):
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        raise SerenoError(
            f"{file} cannot be read: {error.strerror or error}",
            next_step="./sereno backup list shows the backups that are here",
        ) from error


def _plain(file: Path, raw: BinaryIO, passphrase: str) -> IO[bytes]:
    if not is_sealed(file):
        return raw
    if not passphrase:
        raise SerenoError(
            f"{file.name} is encrypted",
            next_step="give its passphrase: --passphrase-file FILE, or [backup] passphrase_file in sereno.toml",
        )
    from sereno.outside.age import Opened  # As in `pack`.

    return io.BufferedReader(Opened(raw, passphrase), _CHUNK)


def is_sealed(file: Path) -> bool:
    """Whether a file is encrypted, by its first bytes. Raises OSError when it can't be read."""
    with file.open("rb") as stream:
        return stream.read(4) == b"age-"


def _copy(source: IO[bytes], target: IO[bytes]) -> Part:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_CHUNK):
        digest.update(piece)
        target.write(piece)
        size += len(piece)
    return Part(size, digest.hexdigest())


def _private(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _damaged(file: Path, why: str) -> SerenoError:
    return SerenoError(f"{file.name} is no whole backup: {why}", next_step="take another one: ./sereno backup list")


# -- parts ---------------------------------------------------------------------------------------------------------


def pack_paths(paths: Mapping[str, Path], target: Path, *, without: frozenset[str]) -> None:
    """Write a compressed tar: name in it → the file, or the folder with all in it, where that exists.

    Modes and links are kept, owners are not: on another machine they are others. `without` are names left out, and so
    are links that lead out of it. Raises SerenoError for a file that may not be read.
    """
    with _private(target) as raw, tarfile.open(fileobj=raw, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, top in paths.items():
            for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
                path = PurePosixPath(name, file.relative_to(top)).as_posix()
                if path in without or not (file.is_symlink() or file.is_file()):
                    continue
                entry = tar.gettarinfo(file, path)
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                if file.is_symlink():
                    if not _link_leads_out(entry):
                        tar.addfile(entry)
                    continue
                with _readable(file) as content:
                    tar.addfile(entry, content)


def _readable(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except PermissionError as error:
        raise SerenoError(
            f"{file} may not be read, so it cannot be saved",
            next_step=f"chmod o+r {file.name}, then ./sereno backup now",
        ) from error


def unpack_folder(packed: Path, folder: Path) -> list[str]:
    """Put the files of such a tar below `folder`; their paths. Raises SerenoError for a path that leads out of it."""
    written = []
    with tarfile.open(packed, mode="r:gz") as tar:
        for entry in tar:
            target = folder / entry.name
            if not (entry.isfile() or entry.issym()) or _leads_out(entry.name) or _link_leads_out(entry):
                raise _damaged(packed, f"it holds {entry.name!r}")
            # Below a link, a further link's ".." would count from elsewhere.
            if any((folder / above).is_symlink() for above in PurePosixPath(entry.name).parents if above.name):
                raise _damaged(packed, f"it holds {entry.name!r} below a link")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            written.append(entry.name)
            if entry.issym():
                target.symlink_to(entry.linkname)
                continue
            with _private(target) as file:
                shutil.copyfileobj(_content(packed, tar, entry), file)
            target.chmod(entry.mode & 0o755)
    return written


def _link_leads_out(entry: tarfile.TarInfo) -> bool:
    """Whether a link leads out of the folder. Certbot's lead up and down again: `../../archive/…`."""
    if not entry.issym():
        return False
    return PurePosixPath(entry.linkname).is_absolute() or _leads_out(
        posixpath.normpath(posixpath.join(posixpath.dirname(entry.name), entry.linkname))
    )


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent, compressed copy of an SQLite database that is in use. Raises SerenoError when it can't be read."""
    plain = target.with_name(f"{target.name}.plain")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as theirs,
            closing(sqlite3.connect(plain)) as copy,
        ):
            theirs.backup(copy, pages=256)
        with plain.open("rb") as content, _private(target) as raw, gzip.GzipFile("", "wb", 6, raw, 0) as packed:
            shutil.copyfileobj(content, packed, _CHUNK)
    except sqlite3.Error as error:
        raise SerenoError(
            f"Grafana's database {source} cannot be copied: {error}", next_step="look at ./sereno logs grafana"
        ) from error
    finally:
        plain.unlink(missing_ok=True)


def unzip(packed: Path, target: Path) -> None:
    """Write what is compressed in `packed` to `target`, readable by its owner alone."""
    with gzip.open(packed) as content, _private(target) as file:
        shutil.copyfileobj(content, file, _CHUNK)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
