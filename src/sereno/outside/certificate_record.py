"""Where the worker keeps what it knows of the certificate: with the pairs, and a copy for who reads pages."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sereno.core.errors import Conflict
from sereno.core.files import replace_file


class CertificateRecord:
    """See `sereno.keep.certificates.ports.Store`. The copy is shared with processes that may not see the keys."""

    def __init__(self, folder: Path, shared: Path, name: str) -> None:
        self._own = folder / name
        self._copy = shared / name
        self._lock = folder / "lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises Conflict when another process renews at this moment."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Conflict(
                "the certificate is being renewed at this moment",
                next_step="./sereno certificate show tells the outcome in a minute or two",
            ) from error
        finally:
            os.close(descriptor)

    def read(self) -> str:
        """Empty when there is none yet."""
        try:
            return self._own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, text: str) -> None:
        """Both, each whole."""
        replace_file(self._own, text.encode(), 0o600)
        replace_file(self._copy, text.encode(), 0o644)
