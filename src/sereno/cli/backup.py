"""`./sereno backup`: make, list, check and restore backups."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand
from sereno.cli.here import Here
from sereno.cli.restore import passphrase_file, passphrase_for, restore
from sereno.core.clock import rfc3339, utc_now
from sereno.core.units import format_bytes
from sereno.keep.backups.model import Backup, Manifest, record_of
from sereno.keep.backups.proof import unpack_checked
from sereno.outside import archive
from sereno.wiring import Surroundings
from sereno.wiring.keep import open_keeper

as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def backup() -> None:
    """Backups of everything that Sereno has: database, settings, secrets, certificates, Grafana's own."""


@backup.command(cls=DeskCommand)
@as_json
def now(as_json: bool) -> None:
    """Make a backup, restore it into a throwaway server, and compare."""
    _beside_the_desk()
    _become("sereno.worker.keeper", as_json=as_json)


@backup.command("list", cls=DeskCommand)
@as_json
def list_backups(as_json: bool) -> None:
    """Show the backups that are here, newest first."""
    keeper = open_keeper(_beside_the_desk())
    keeper.adopt()
    backups = keeper.condition().backups
    if as_json:
        show_json([record_of(each) | {"file": str(keeper.folder / each.name)} for each in backups])
        return
    show_table(("file", "age", "size", "rows", "encrypted", "proof"), [_cells(each) for each in backups])
    click.echo(f"in {keeper.folder}" + ("" if backups else ": none yet; ./sereno backup now"), err=True)


@backup.command(cls=DeskCommand)
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show what the backup NAME holds (one of `list`): versions, tables, rows, newest rows."""
    keeper = open_keeper(_beside_the_desk())
    manifest = keeper.manifest(keeper.folder / name)
    if as_json:
        click.echo(manifest.to_json(), nl=False)
    else:
        show_manifest(manifest)


@backup.command()
@click.argument("file")
@passphrase_file
@as_json
def verify(file: str, passphrase_file: Path | None, as_json: bool) -> None:
    """Read the backup FILE to its end and compare every part with its checksum.

    One that is named as in `list` is also restored into a throwaway server.
    """
    if not Path(file).is_file():
        arguments = ["backup", "prove", file, *(["--json"] if as_json else [])]
        raise SystemExit(Here.from_environment().chosen_platform().run_desk(arguments))
    key = passphrase_for(Here.from_environment(), Path(file), passphrase_file)
    with tempfile.TemporaryDirectory(prefix="sereno-verify-", dir=Path(file).absolute().parent) as work:
        manifest = unpack_checked(archive, Path(file), key, Path(work))
    if as_json:
        click.echo(manifest.to_json(), nl=False)
    else:
        click.echo(f"{file} is whole: {len(manifest.tables)} tables, {manifest.rows} rows")


@backup.command(cls=DeskCommand, hidden=True)
@click.argument("name")
@as_json
def prove(name: str, as_json: bool) -> None:
    """Beside the desk: what `verify` does with a backup that is named as in `list`."""
    keeper = open_keeper(_beside_the_desk())
    os.environ["SERENO_BACKUPS"] = str(keeper.folder)
    _become("sereno.worker.prover", name, as_json=as_json)


backup.add_command(restore)


def show_manifest(manifest: Manifest) -> None:
    """What a backup says of itself, for people."""
    click.echo(
        f"made {rfc3339(manifest.made_at)} by Sereno {manifest.program} on {manifest.platform}, "
        f"from {manifest.server}, schema {manifest.revision or 'none'}"
    )
    rows = [
        (name, str(table.rows), "" if table.newest is None else rfc3339(table.newest))
        for name, table in sorted(manifest.tables.items())
    ]
    show_table(("table", "rows", "newest row"), rows)
    parts = [(name, format_bytes(part.bytes), part.sha256) for name, part in manifest.members.items()]
    show_table(("part", "size", "sha256"), parts)


def _beside_the_desk() -> Surroundings:
    """The desk's surroundings, as the user that the stack runs as: root's files would be closed to the worker."""
    surroundings = Surroundings.from_environment(os.environ)
    _become_owner_of(surroundings.secrets)
    return surroundings


def _become(module: str, *arguments: str, as_json: bool) -> NoReturn:
    """Go on as another program of ours, without what this one has loaded: a proof in a container has 192 MB for all."""
    how = "json" if as_json else "words"
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments, how])  # noqa: S606


def _become_owner_of(folder: Path) -> None:
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
        os.umask(0o077)


def _cells(each: Backup) -> tuple[str, ...]:
    hours = (utc_now() - each.made_at).total_seconds() / 3600
    age = f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"
    return (each.name, age, format_bytes(each.bytes), str(each.rows), "yes" if each.sealed else "no", _proof(each))


def _proof(each: Backup) -> str:
    if each.proof is None:
        return "not yet"
    return "restores" if each.proof.good else f"FAILED: {each.proof.words}"
