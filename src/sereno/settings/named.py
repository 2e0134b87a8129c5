"""Files of the user's that the settings name: what another machine needs beside sereno.toml itself."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sereno.settings import Settings
from sereno.settings.notify import file_names

KEPT_AT = "etc/named"
"""Where a home, and a backup, has copies of them, each at the path by which it is named."""


def named_files(settings: Settings) -> list[str]:
    """Their paths as they are written, without what opens backups: a key has no place in the box that it opens."""
    pair = [str(path) for path in settings.certificate_pair or ()]
    named = [settings.status_page.logo, settings.certificate.directory_ca, *pair, *file_names(settings.notify)]
    return [name for name in dict.fromkeys(named) if name]


def named_in(root: Path, settings: Settings) -> dict[str, bytes]:
    """Path below the clone `root` → content, of those that lie there and can be read; others are told of elsewhere."""
    found: dict[str, bytes] = {}
    for name in named_files(settings):
        file = root / name
        if file.resolve().is_relative_to(root.resolve()) and not Path(name).is_absolute():
            with suppress(OSError):
                found[os.path.normpath(name)] = file.read_bytes()
    return found
