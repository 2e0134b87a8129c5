"""The rendered files in the repository: which are stale, and writing them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sereno.core.errors import SerenoError


def stale_files(root: Path, files: Mapping[str, str]) -> list[str]:
    """Those of `files` (path below `root` → text) that are missing or different on the disk, by name."""
    return sorted(path for path, text in files.items() if _read(root / path) != text)


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Write each file in place, so that a container which has that very file mounted sees the new text.

    Raises SerenoError when one cannot be written.
    """
    for path, text in files.items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise SerenoError(
                f"{path} cannot be written: {error.strerror}", next_step="run as the owner of the repository"
            ) from error


def remove_others(root: Path, files: Mapping[str, str]) -> None:
    """Remove every file below `root` that is none of `files`: what earlier settings wanted and these do not."""
    for path in root.rglob("*"):
        if path.is_file() and str(path.relative_to(root)) not in files:
            path.unlink()


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
