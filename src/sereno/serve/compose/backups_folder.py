"""The folder of backups in Compose: a volume, or a folder of the host, which has to be the worker's to write in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sereno.core.errors import SettingsError
from sereno.serve.catalogue.desk import DESK_USER

_OF_THE_DISK = {"lost+found"}
"""What an empty disk holds."""


def hand_over_backups(folder: Path, named: str, mounted: str) -> Iterator[str]:
    """Make `folder` the worker's where it is empty, as the engine makes one that is missing; what was done, in words.

    `named` is [backup] folder as the settings have it, `mounted` what Compose was told. Raises SettingsError when these
    differ, and when the folder is somebody else's and not empty: it is not ours to close to them then.
    """
    if named and named != mounted:
        raise SettingsError(
            f"backup.folder names {named}, which these containers do not see",
            next_step=f"./sereno up hands it over; or write SERENO_BACKUPS={named} into docker/.env",
        )
    owner = folder.stat().st_uid
    if owner == DESK_USER:
        return
    if any(each.name not in _OF_THE_DISK for each in folder.iterdir()):
        raise SettingsError(
            f"backup.folder = {named or mounted!r} belongs to the user {owner} and is not empty, and backups are "
            f"written by the user {DESK_USER}",
            next_step=f"name an empty folder in it, which may be missing yet; or chown {DESK_USER} {named or mounted}",
        )
    os.chown(folder, DESK_USER, DESK_USER)
    folder.chmod(0o700)
    yield f"gave the folder of backups to the worker, user {DESK_USER}"
