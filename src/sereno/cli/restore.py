"""`./sereno backup restore`: into an empty home on another machine, or over a damaged one."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sereno.cli.console import Narrator, show_json
from sereno.cli.here import SERVICE_USER, Here, choose_platform
from sereno.core.clock import rfc3339, utc_now
from sereno.core.errors import SerenoError
from sereno.core.files import replace_file
from sereno.database.schema import known_revisions
from sereno.keep.backups.model import Manifest
from sereno.keep.backups.restore import Site
from sereno.keep.backups.restore import restore as restore_file
from sereno.outside import archive
from sereno.outside.users import ensure_user
from sereno.settings import load_settings
from sereno.settings.backup import read_passphrase
from sereno.wiring.restore import NativeSite
from sereno.wiring.restore_compose import ComposeSite
from sereno.wiring.stack import project_engine

passphrase_file = click.option(
    "--passphrase-file", type=click.Path(path_type=Path), help="Of an encrypted backup; else that of sereno.toml."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@passphrase_file
@click.option("--on", type=click.Choice(["native", "compose"]), help="Where to run, when nothing is set up here yet.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def restore(file: Path, passphrase_file: Path | None, on: str | None, yes: bool, as_json: bool) -> None:
    """Restore the backup FILE: database, accounts, secrets, certificates, settings, Grafana's database.

    It is checked and loaded beside what is here before anything is touched. The old data stays beside the new one.
    """
    here, narrator = Here.from_environment(), Narrator()
    state = here.home.state()
    if state is None:
        here.refuse_beside_roots()
    platform = choose_platform(on, state)
    key = passphrase_for(here, file, passphrase_file)

    def confirm(manifest: Manifest) -> None:
        narrator.say(f"a backup of {rfc3339(manifest.made_at)}, {manifest.rows} rows, by Sereno {manifest.program}")
        if state is not None and not yes:
            question = f"Put it in the place of what is in {here.home.path}? That is kept beside it."
            click.confirm(question, abort=True, err=True)

    with _alone(here), tempfile.TemporaryDirectory(prefix="restore-", dir=here.home.path) as work:
        done = restore_file(
            _site(here, platform, narrator, key),
            archive,
            file,
            key,
            work=Path(work),
            known_revisions=known_revisions(),
            tell=narrator.step,
            confirm=confirm,
        )
    if as_json:
        show_json({"made_at": rfc3339(done.manifest.made_at), "rows": done.manifest.rows, "old": str(done.old)})
    else:
        click.echo(f"restored {done.manifest.rows} rows of {rfc3339(done.manifest.made_at)}; everything is healthy")
        where = "in the volume mysql-data, as " if platform == "compose" else "in "
        click.echo(f"what was here before is kept {where}{done.old}; remove it when all is well")


def passphrase_for(here: Here, file: Path, given: Path | None) -> str:
    """What opens `file`: from the file that was given, or that the settings name, or typed; empty when it is open.

    Raises SerenoError when the file can't be read, or is encrypted and nothing says how to open it.
    """
    try:
        if not archive.is_sealed(file):
            return ""
    except OSError as error:
        raise SerenoError(
            f"{file} cannot be read: {error.strerror}", next_step="name a file that ./sereno backup has made"
        ) from error
    named = here.settings.backup.passphrase_file
    if given is not None or named:
        return read_passphrase(given if given is not None else here.root / named)
    if sys.stdin.isatty():
        typed: str = click.prompt(f"Passphrase of {file.name}", hide_input=True, err=True)
        return typed
    raise SerenoError(f"{file.name} is encrypted", next_step="give its passphrase: --passphrase-file FILE")


def _site(here: Here, platform: str, narrator: Narrator, passphrase: str) -> Site:
    root = os.geteuid() == 0

    def up(kept: Path) -> None:
        """A process of its own: the settings, and the program's user, may have just been made."""
        first = here.home.state() is None
        if first and root and platform == "native":
            ensure_user(SERVICE_USER, here.home.path)
        _put_passphrase(here.root, passphrase)
        lab = ["--lab"] if first and _was_lab(kept) else []
        narrator.step("starting" if not first else "setting up, with the backup's settings")
        command = [sys.executable, "-m", "sereno.cli", "up", "--on", platform, *lab]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise SerenoError(
                f"./sereno up ended with {done.returncode}", next_step="read the lines above, then restore again"
            )

    def down() -> None:
        Here.from_environment().chosen_platform().down(narrator)

    stamp = f"{utc_now():%Y%m%dT%H%M%SZ}"
    # On a new machine somebody may have written settings for it beforehand.
    keep_settings = here.home.state() is None and (here.root / "sereno.toml").exists()
    if platform == "compose":
        return ComposeSite(
            engine=project_engine(here.root),
            home=here.home,
            root=here.root,
            stamp=stamp,
            up=up,
            down=down,
            start_database=lambda: Here.from_environment().chosen_platform().start("mysql"),
            keep_settings=keep_settings,
        )
    return NativeSite(home=here.home, root=here.root, user=SERVICE_USER if root else "", stamp=stamp, up=up, down=down)


def _put_passphrase(root: Path, passphrase: str) -> None:
    """Put what opened the backup where its settings say that it lies, when that is missing there and in the clone."""
    named = load_settings(root / "sereno.toml", {}).backup.passphrase_file
    file = root / named
    if not named or not passphrase or file.exists() or not file.resolve().is_relative_to(root.resolve()):
        return
    replace_file(file, f"{passphrase}\n".encode(), 0o600)
    if os.geteuid() == 0:
        owner = root.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def _was_lab(kept: Path) -> bool:
    try:
        return bool(json.loads((kept / "state.json").read_text(encoding="utf-8")).get("lab"))
    except (OSError, ValueError):
        return False


@contextmanager
def _alone(here: Here) -> Iterator[None]:
    """One restore at a time in a home. Its own lock is for `up` and `down`, which are a part of this."""
    here.home.path.mkdir(parents=True, exist_ok=True)
    with (here.home / "restore.lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SerenoError("another restore goes on in this home", next_step="wait until it has ended") from error
        yield
