"""`python -m sereno.prepare`: what has to lie ready before Compose's other services start.

Runs as root in the desk's image, without a network, to its end:
1. reads the settings, so that a mistake in them is told before anything else starts;
2. looks whether the containers' users can read the configuration in the clone;
3. makes the secrets that are missing and gives each reader its own copy;
4. gives Nginx its certificate and key: the clone's when `generate-ssl.sh` has been run there, else one made here;
5. gives blackbox-exporter its file, with what the worker has put into it for probes that were added at the desk;
6. looks whether the worker can write backups where they are to lie;
7. says where passwords are to be had, never the passwords.

Run again it changes nothing that is right.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from sereno.core.errors import SerenoError, SettingsError, UsageError
from sereno.outside.tls_folder import (
    IMAGE_ROOT,
)
from sereno.prepare_certificate import give_certificate
from sereno.serve.catalogue.desk import BACKUPS_GROUP, DESK_USER
from sereno.serve.compose.backups_folder import hand_over_backups
from sereno.serve.handover import BACKUPS, GRAFANA_ADMIN, NAMED, READERS, hand_over, make_secrets, refuse_known_password
from sereno.serve.place import (
    COMPOSE_BACKUPS,
    COMPOSE_PROBES,
    COMPOSE_SECRETS,
    COMPOSE_SETTINGS,
    COMPOSE_TLS,
    COMPOSE_WWW,
)
from sereno.serve.render import compose_place
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD
from sereno.settings import Settings, load_settings
from sereno.settings.backup import read_passphrase
from sereno.settings.logo import FOLDER, KINDS, kind_of, read_logo
from sereno.settings.named import named_in
from sereno.settings.notify import NOTIFY_SECRETS, file_names, secrets_of_alertmanager, secrets_of_desk
from sereno.watch.probes.modules import MODULES_FILE, with_kept

CLONE = Path("/clone")
MOUNTED = ("prometheus", "alertmanager", "grafana", "docker/mysql", "docker/nginx", "docker/blackbox-exporter",
           "docker/process-exporter")  # fmt: skip
"""Folders of the clone that containers read."""


def prepare(
    environment: Mapping[str, str],
    *,
    clone: Path = CLONE,
    secrets: Path = Path(COMPOSE_SECRETS),
    settings_folder: Path = Path(COMPOSE_SETTINGS),
    www: Path = Path(COMPOSE_WWW),
    tls: Path = Path(COMPOSE_TLS),
    probes: Path = Path(COMPOSE_PROBES),
    backups: Path = Path(COMPOSE_BACKUPS),
    program: Path = IMAGE_ROOT,
) -> list[str]:
    """Do the steps of the module's docstring; what was changed, in words. Raises SerenoError with the next step."""
    lab = environment.get("SERENO_LAB") == "1"
    refuse_known_password(
        lab=lab,
        operator_bind=environment.get("SERENO_OPERATOR_BIND") or "127.0.0.1",
        lab_machine=environment.get("SERENO_LAB_VM") == "1",
    )
    settings = load_settings(clone / "sereno.toml", {})
    _refuse_unreadable(clone)
    changed = list(_hand_over_secrets(secrets, settings, lab=lab))
    changed += _passphrase(clone, secrets / BACKUPS / "backup-passphrase", settings)
    changed += _notify(clone, secrets, settings)
    _keep_named(clone, secrets / NAMED, settings)
    changed += give_certificate(clone, tls, secrets / "nginx", program, settings)
    changed += _settings(clone / "sereno.toml", settings_folder, lab=lab)
    changed += _probes(clone / "docker" / (environment.get("SERENO_RENDERED") or ".."), probes)
    changed += hand_over_backups(backups, settings.backup.folder, environment.get("SERENO_BACKUPS", ""))
    for name in ("static", "errors", "status", "acme"):
        _folder(www / name, DESK_USER, 0o755)
    _folder(www, DESK_USER, 0o755)
    changed += _logo(clone, www / FOLDER, settings)
    return changed


def main() -> int:
    """Prepare, and say what was done; the exit code."""
    try:
        changed = prepare(os.environ)
    except SerenoError as error:
        print(f"prepare: {error.log_tail}\n" if error.log_tail else "", end="")
        print(f"prepare: {error.message}\nprepare: next: {error.next_step}", flush=True)
        return 2 if isinstance(error, UsageError) else 1
    for words in changed:
        print(f"prepare: {words}")
    print("prepare: everything is in place. Passwords, each printed by its command (in the folder docker/):")
    print("prepare:   desk, user admin     " + _command("webapp", "desk/first-admin-password"))
    known = os.environ.get("SERENO_LAB") == "1"
    grafana = "the classroom's, in the README" if known else _command("grafana", "grafana/grafana-admin-password")
    print("prepare:   Grafana, user admin  " + grafana, flush=True)
    return 0


def _command(service: str, secret: str) -> str:
    return f"docker-compose exec {service} cat {COMPOSE_SECRETS / secret}"


def _hand_over_secrets(volume: Path, settings: Settings, *, lab: bool) -> Iterator[str]:
    for reader, owner in READERS.items():
        _folder(volume / reader, owner, 0o550 if owner == BACKUPS_GROUP else 0o500 if owner else 0o700)
    kept = {file.name: file.read_text(encoding="utf-8") for file in (volume / "kept").iterdir() if file.is_file()}
    if kept.get(GRAFANA_ADMIN) == LAB_GRAFANA_PASSWORD and not lab:
        yield (
            "made a password for Grafana; it keeps the classroom's until you type: docker-compose exec grafana sh -c "
            f"'grafana cli admin reset-admin-password \"$(cat {COMPOSE_SECRETS / 'grafana' / GRAFANA_ADMIN})\"'"
        )
    for handed in hand_over(make_secrets(kept, lab=lab), compose_place(settings)):
        if _file(volume / handed.folder / handed.name, handed.text.encode(), handed.owner, handed.mode):
            yield f"made {handed.folder}/{handed.name}"


def _passphrase(clone: Path, target: Path, settings: Settings) -> Iterator[str]:
    """Give the worker what backups are encrypted with; without such a setting it has none."""
    named = settings.backup.passphrase_file
    if not named:
        target.unlink(missing_ok=True)
        return
    _refuse_outside(clone, f"backup.passphrase_file = {named!r} is", named, "git ignores passphrase*")
    if _file(target, read_passphrase(clone / named).encode(), READERS[BACKUPS], 0o440):
        yield "brought the backups' passphrase to the worker"


def _notify(clone: Path, secrets: Path, settings: Settings) -> Iterator[str]:
    """Give the desk and Alertmanager what `[notify]` names; what is no longer named is gone."""
    notify = settings.notify
    for named in file_names(notify):
        _refuse_outside(clone, f"[notify] names {named!r}, which is", named, "git ignores secret*")
    wanted = {"desk": secrets_of_desk(notify, clone), "alertmanager": secrets_of_alertmanager(notify, clone)}
    for reader, texts in wanted.items():
        for stale in (secrets / reader).glob(f"{NOTIFY_SECRETS}*"):
            if stale.name not in texts:
                stale.unlink()
        for name, text in texts.items():
            if _file(secrets / reader / name, text.encode(), READERS[reader]):
                yield f"brought {reader}/{name}"


def _keep_named(clone: Path, folder: Path, settings: Settings) -> None:
    """Copy what the settings name to where backups find it; what is no longer named is gone."""
    wanted, owner = named_in(clone, settings), READERS[NAMED]
    for stale in [each for each in folder.rglob("*") if each.is_file()]:
        if stale.relative_to(folder).as_posix() not in wanted:
            stale.unlink()
    for name, content in wanted.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        _file(file, content, owner, 0o440)
        for above in file.relative_to(folder).parents[:-1]:
            _folder(folder / above, owner, 0o550)


def _refuse_outside(clone: Path, what: str, named: str, hint: str) -> None:
    if not (clone / named).resolve().is_relative_to(clone.resolve()):
        raise SettingsError(
            f"{what} outside of the clone, where no container can see it",
            next_step=f"put the file into the clone ({hint}) and name it as seen from sereno.toml",
        )


def _settings(own: Path, folder: Path, *, lab: bool) -> Iterator[str]:
    _folder(folder, DESK_USER, 0o500)
    # A backup holds it, as natively: where it is restored the classroom stays one.
    _file(folder / "state.json", json.dumps({"platform": "compose", "lab": lab}).encode(), DESK_USER)
    if _file(folder / "sereno.toml", own.read_bytes() if own.is_file() else b"", DESK_USER):
        yield "brought the settings to the desk"


def _logo(clone: Path, folder: Path, settings: Settings) -> Iterator[str]:
    """Give the desk the status page's own logo; one that is no longer named is gone."""
    named = settings.status_page.logo
    _refuse_outside(clone, f"status_page.logo = {named!r} is", named, "beside sereno.toml")
    _folder(folder, DESK_USER, 0o755)
    for suffix in KINDS:
        if named and kind_of(named) == suffix:
            if _file(folder / f"logo{suffix}", read_logo(clone / named), DESK_USER, 0o444):
                yield "brought the logo to the desk"
        else:
            (folder / f"logo{suffix}").unlink(missing_ok=True)


def _probes(rendered: Path, folder: Path) -> Iterator[str]:
    _folder(folder, DESK_USER, 0o755)
    file = folder / MODULES_FILE
    before = _bytes(file) or b""
    text = (rendered / "docker/blackbox-exporter" / MODULES_FILE).read_text(encoding="utf-8")
    wanted = with_kept(text, before.decode(errors="replace")).encode()
    if _file(file, wanted, DESK_USER, 0o444) and before != wanted:
        yield "told blackbox-exporter what the probes expect"


def _refuse_unreadable(clone: Path) -> None:
    """Bind mounts keep the clone's modes, and each container's user is someone else."""
    for name in MOUNTED:
        for folder, folders, files in os.walk(clone / name):
            if "ssl" in folders:
                folders.remove("ssl")  # Keys are closed on purpose; only this program reads them.
            for path in (Path(folder), *(Path(folder, file) for file in files)):
                mode = path.stat().st_mode
                wanted = 0o005 if stat.S_ISDIR(mode) else 0o004
                if mode & wanted != wanted:
                    raise SerenoError(
                        f"{path.relative_to(clone)} has mode {mode & 0o777:o}: the containers' users cannot read it",
                        next_step=f"in the clone: chmod -R o+rX {' '.join(MOUNTED)}; chmod go= docker/nginx/ssl/*.pem",
                    )


def _folder(path: Path, owner: int, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, owner, owner)
    path.chmod(mode)


def _file(path: Path, content: bytes, owner: int, mode: int = 0o400) -> bool:
    """Make `path` hold `content`, with `mode` from its first moment; whether anything was changed."""
    if _bytes(path) == content:
        found = path.stat()
        if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (owner, owner, mode):
            return False
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        os.fchown(stream.fileno(), owner, owner)
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    return True


def _bytes(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return None


if __name__ == "__main__":
    sys.exit(main())
