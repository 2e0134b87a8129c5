"""`python -m sereno.prepare`: what has to lie ready before Compose's other services start.

Runs as root in the desk's image, without a network, to its end:
1. reads the settings, so that a mistake in them is told before anything else starts;
2. looks whether the containers' users can read the configuration in the clone;
3. makes the secrets that are missing and gives each reader its own copy;
4. gives Nginx its certificate and key: the clone's when `generate-ssl.sh` has been run there, else one made here;
5. says where passwords are to be had, never the passwords.

Run again it changes nothing that is right.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from sereno.core.errors import SerenoError, SettingsError, UsageError
from sereno.outside.certificate import check_pair, ensure_certificate
from sereno.serve.catalogue.desk import DESK_USER
from sereno.serve.handover import GRAFANA_ADMIN, READERS, hand_over, make_secrets, refuse_known_password
from sereno.serve.place import COMPOSE_SECRETS, COMPOSE_SETTINGS, COMPOSE_WWW
from sereno.serve.render import compose_place
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD
from sereno.settings import Settings, load_settings

CLONE = Path("/clone")
PROGRAM = Path("/usr/share/sereno")
"""Where the image keeps the script that makes certificates."""

MOUNTED = ("prometheus", "alertmanager", "grafana", "docker/mysql", "docker/nginx", "docker/blackbox-exporter",
           "docker/process-exporter")  # fmt: skip
"""Folders of the clone that containers read."""

_PAIR = ("cert.pem", "key.pem")


def prepare(
    environment: Mapping[str, str],
    *,
    clone: Path = CLONE,
    secrets: Path = Path(COMPOSE_SECRETS),
    settings_folder: Path = Path(COMPOSE_SETTINGS),
    www: Path = Path(COMPOSE_WWW),
    program: Path = PROGRAM,
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
    changed += _certificate(clone / "docker/nginx/ssl", secrets / "nginx", program, settings)
    changed += _settings(clone / "sereno.toml", settings_folder)
    for name in ("static", "errors", "status"):
        _folder(www / name, DESK_USER, 0o755)
    _folder(www, DESK_USER, 0o755)
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
        _folder(volume / reader, owner, 0o500 if owner else 0o700)
    kept = {file.name: file.read_text(encoding="utf-8") for file in (volume / "kept").iterdir() if file.is_file()}
    if kept.get(GRAFANA_ADMIN) == LAB_GRAFANA_PASSWORD and not lab:
        yield (
            "made a password for Grafana; it keeps the classroom's until you type: docker-compose exec grafana sh -c "
            f"'grafana cli admin reset-admin-password \"$(cat {COMPOSE_SECRETS / 'grafana' / GRAFANA_ADMIN})\"'"
        )
    for handed in hand_over(make_secrets(kept, lab=lab), compose_place(settings)):
        if _file(volume / handed.folder / handed.name, handed.text.encode(), handed.owner):
            yield f"made {handed.folder}/{handed.name}"


def _certificate(own: Path, target: Path, program: Path, settings: Settings) -> Iterator[str]:
    """The clone's pair when it is there and right, else the volume's, made or renewed when that is needed."""
    pair = [own / name for name in _PAIR]
    if all(file.is_file() for file in pair):
        try:
            check_pair(*pair, domain="")
        except SettingsError as error:
            yield f"docker/nginx/ssl is not used ({error.message}); next: generate-ssl.sh there makes a new pair"
        else:
            for file in pair:
                if _file(target / file.name, file.read_bytes(), READERS["nginx"]):
                    yield f"took {file.name} from docker/nginx/ssl; if Nginx runs: docker-compose restart nginx"
            return
    elif settings.certificate_pair is not None:
        raise SettingsError(
            "site.certificate and site.key name files of the host, which this container cannot see",
            next_step="./sereno up hands them over; or copy them to docker/nginx/ssl/cert.pem and key.pem",
        )
    before = _bytes(target / "cert.pem")
    ensure_certificate(target, program, _without_pair(settings))
    for name in _PAIR:
        _file(target / name, (target / name).read_bytes(), READERS["nginx"])
    if _bytes(target / "cert.pem") != before:
        yield "made a certificate for localhost; docker/nginx/ssl/generate-ssl.sh makes one with this machine's name"


def _without_pair(settings: Settings) -> Settings:
    site = settings.site.model_copy(update={"certificate": "", "key": ""})
    return settings.model_copy(update={"site": site})


def _settings(own: Path, folder: Path) -> Iterator[str]:
    _folder(folder, DESK_USER, 0o500)
    if _file(folder / "sereno.toml", own.read_bytes() if own.is_file() else b"", DESK_USER):
        yield "brought the settings to the desk"


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


def _file(path: Path, content: bytes, owner: int) -> bool:
    """Make `path` hold `content`, readable by `owner` alone from its first moment; whether anything was changed."""
    if _bytes(path) == content:
        found = path.stat()
        if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (owner, owner, 0o400):
            return False
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as stream:
        os.fchown(stream.fileno(), owner, owner)
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
