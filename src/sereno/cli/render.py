"""`./sereno render`: the configuration files that lie in the repository."""

from __future__ import annotations

import click

from sereno.cli.here import Here
from sereno.core.errors import SerenoError
from sereno.serve.repository import stale_files, write_files
from sereno.settings import Settings
from sereno.wiring.configuration import repository_files


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is stale.")
def render(check: bool) -> None:
    """Write every configuration file in the repository from the catalogue, at the settings' defaults.

    What your own settings make otherwise is written at ./sereno up, beside them.
    """
    here = Here.from_environment()
    files = repository_files(Settings())
    stale = stale_files(here.root, files)
    if check and stale:
        raise SerenoError("stale: " + ", ".join(stale), next_step="./sereno render, and look at the difference")
    if not check:
        write_files(here.root, {path: files[path] for path in stale})
        for path in stale:
            click.echo(f"wrote {path}")
    click.echo(f"{len(files)} files are {'as they should be' if check or not stale else 'up to date'}", err=True)
