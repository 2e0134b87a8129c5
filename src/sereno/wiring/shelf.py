"""The folder of backups, for those who only look. Apart from `wiring/keep.py`, which loads all that makes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sereno.outside.shelf import Shelf
from sereno.wiring import Surroundings


def open_shelf(surroundings: Surroundings, environment: Mapping[str, str] = os.environ) -> Shelf:
    """By [backup] folder, else by SERENO_BACKUPS; nothing is read until it is used.

    In Compose the settings' folder is one of the host, and mounted where SERENO_BACKUPS says.
    """
    named = "" if surroundings.platform == "compose" else surroundings.settings.backup.folder
    return Shelf(Path(named or environment.get("SERENO_BACKUPS", "var/data/backups")))
