"""Facts about this machine: memory, disk, clock, modes of files."""

from __future__ import annotations

import ctypes
import shutil
from datetime import UTC, datetime
from pathlib import Path

import psutil

_TIME_ERROR = 5
_TIMEX_BYTES = 208
"""The size of the kernel's `struct timex` on 64-bit Linux; all zero means "only read"."""


def memory() -> tuple[int, int]:
    """Bytes of memory and of swap."""
    return psutil.virtual_memory().total, psutil.swap_memory().total


def disk(path: Path) -> tuple[int, int]:
    """Bytes free and in all of the file system that holds `path` (or its nearest parent that is there)."""
    while not path.exists():
        path = path.parent
    usage = shutil.disk_usage(path)
    return usage.free, usage.total


def clock_is_synchronised() -> bool | None:
    """What the kernel says (`adjtimex`): None when it can't be asked."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def newest_file(folder: Path) -> datetime:
    """When the newest Python file below `folder` was last written."""
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in folder.rglob("*.py")), UTC)


def open_to_others(folder: Path) -> list[Path]:
    """Files below `folder`, and itself, that others than their owner may read."""
    if not folder.exists():
        return []
    return [each for each in (folder, *folder.rglob("*")) if each.stat().st_mode & 0o077]
