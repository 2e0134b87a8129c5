"""`./sereno render`: the configuration files that lie in the repository."""

from __future__ import annotations

from pathlib import Path

import click

from sereno.cli.here import Here
from sereno.core.errors import SerenoError
from sereno.wiring.configuration import repository_files


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is stale.")
def render(check: bool) -> None:
    """Write every configuration file in the repository from the catalogue and the settings."""
    here = Here.from_environment()
    files = repository_files(here.settings)
    stale = stale_files(here.root, files)
    if check and stale:
        raise SerenoError("stale: " + ", ".join(stale), next_step="./sereno render, and look at the difference")
    if not check:
        write_files(here.root, {path: files[path] for path in stale})
        for path in stale:
            click.echo(f"wrote {path}")
    click.echo(f"{len(files)} files are {'as they should be' if check or not stale else 'up to date'}", err=True)


def stale_files(root: Path, files: dict[str, str]) -> list[str]:
    """Those of `files` (path below `root` → text) that are missing or different on the disk, by name."""
    return sorted(path for path, text in files.items() if _read(root / path) != text)


def write_files(root: Path, files: dict[str, str]) -> None:
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


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
