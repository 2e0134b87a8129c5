"""Where the equipment keeps what is costly to make again, between runs."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """The cache folder: `SERENO_EQUIPMENT_CACHE` if set, else one of the system's; made when missing."""
    chosen = Path(os.environ.get("SERENO_EQUIPMENT_CACHE") or "/var/cache/sereno-equipment")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen
