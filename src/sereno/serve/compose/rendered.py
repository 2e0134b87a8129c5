"""The rendered files of a clone: as they are checked in, or beside that what a user's settings make otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sereno.serve.platforms import Narrator
from sereno.serve.repository import remove_others, stale_files, write_files

BESIDE = "rendered"
"""The folder below `docker` for the files that a user's settings make; git ignores it."""
IN_THE_REPOSITORY = ".."

_OWN_FOLDERS = ("prometheus/rules/custom", "prometheus/targets")


def write_beside(root: Path, files: Mapping[str, str], narrator: Narrator) -> str:
    """Write those of `files` that differ from what is checked in; the folder of all of them, seen from `docker`."""
    if not stale_files(root, files):
        return IN_THE_REPOSITORY
    rendered = root / "docker" / BESIDE
    changed = stale_files(rendered, files)
    if changed:
        narrator.step(f"writing {len(changed)} configuration files")
    write_files(rendered, {path: files[path] for path in changed})
    remove_others(rendered, files)
    # Where the folders of the user's own are mounted, below one that cannot be written.
    for folder in _OWN_FOLDERS:
        (rendered / folder).mkdir(parents=True, exist_ok=True)
    for path in (rendered, *rendered.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        own(path)
    return f"./{BESIDE}"


def own(file: Path) -> None:
    """Give what root writes into someone's clone to that someone."""
    if os.geteuid() == 0:
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)
