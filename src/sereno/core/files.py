"""Writing a file whole or not at all, also when the disk is full or the power goes."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` into `file` by way of a draft beside it, so that nobody ever reads half of it.

    The mode is the file's from its first moment, so a secret is never readable by others. Raises OSError, and then
    the old file is as it was and no draft is left.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(mode)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
