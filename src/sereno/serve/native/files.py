"""Everything that lies in the home before something starts: secrets, configuration, folders."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.core.files import replace_file
from sereno.serve.component import Component
from sereno.serve.native.home import EXAMPLES_FILE, FOLDERS, PRIVATE, Home, write_whole
from sereno.serve.native.supervision import SCRIPTS
from sereno.serve.place import Place
from sereno.serve.render import exporter_options, render_component, users_sql
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD, SECRETS
from sereno.settings import Settings
from sereno.settings.backup import read_passphrase
from sereno.settings.logo import FOLDER, KINDS, kind_of, read_logo
from sereno.settings.named import KEPT_AT, named_in
from sereno.settings.notify import NOTIFY_SECRETS, secrets_of_alertmanager, secrets_of_desk

DATA_FOLDERS = (
    "mysql-tmp",
    "prometheus",
    "alertmanager",
    "grafana",
    "nginx/body",
    "nginx/proxy",
    "nginx/fastcgi",
    "nginx/uwsgi",
    "nginx/scgi",
)


def make_folders(home: Home) -> None:
    """The home's folders, with what is private closed to others."""
    try:
        for name in FOLDERS:
            (home / name).mkdir(parents=True, exist_ok=True)
            (home / name).chmod(0o700 if name in PRIVATE else 0o755)
        for name in DATA_FOLDERS:
            (home / "data" / name).mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise SerenoError(
            f"{error.filename} cannot be made by this user",
            next_step="run with sudo, or set SERENO_HOME to a folder of your own",
        ) from error


def make_secrets(home: Home, place: Place) -> None:
    """Make every secret that is missing, and write again what only repeats others."""
    folder = home / "secrets"
    made: dict[str, str] = {}
    for secret in SECRETS:
        file = folder / secret.name
        exists = file.exists() and file.stat().st_size > 0
        text = file.read_text(encoding="utf-8") if exists and not secret.derived else secret.make(made)
        if place.lab and secret.name == "grafana-admin-password":
            text = LAB_GRAFANA_PASSWORD
        made[secret.name] = text
        write_whole(file, text, 0o600)
    write_whole(folder / "mysql-users.sql", users_sql(place, made), 0o600)
    write_whole(folder / "mysqld-exporter.cnf", exporter_options(place, made), 0o600)


def write_configuration(home: Home, place: Place, component: Component, more: dict[str, str]) -> None:
    """Write a component's files into its folder; `more` are files of its own that no template makes.

    Alertmanager's are closed to others: whom it tells is a secret, and older ones can't read that from a file.
    """
    for name, text in {**render_component(component, place), **more}.items():
        write_whole(home / "etc" / component.name / name, text, 0o600 if component.name == "alertmanager" else 0o644)


def copy_own(home: Home, root: Path) -> None:
    """Bring what the user keeps in the repository (settings, rules, targets, Nginx snippets) into the home."""
    settings = root / "sereno.toml"
    write_whole(home / "etc/sereno.toml", settings.read_text(encoding="utf-8") if settings.exists() else "", 0o600)
    for source, target in (
        (root / "prometheus/rules/custom", home / "etc/prometheus/rules/custom"),
        (root / "prometheus/targets", home / "etc/prometheus/targets"),
        (root / "docker/nginx/conf.d", home / "etc/nginx/conf.d"),
        (root / "docker/nginx/conf.d/locations", home / "etc/nginx/conf.d/locations"),
        (root / "grafana/dashboards", home / "etc/grafana/dashboards"),
    ):
        target.mkdir(parents=True, exist_ok=True)
        wanted = {file.name for file in source.glob("*") if file.suffix in (".yml", ".conf", ".json")}
        for stale in target.iterdir():
            if stale.is_file() and stale.name not in wanted:
                stale.unlink()
        for name in wanted:
            write_whole(target / name, (source / name).read_text(encoding="utf-8"))


def copy_scripts(home: Home) -> None:
    """Put what Supervisor runs beside the components where it stays when the program changes."""
    for name in SCRIPTS:
        write_whole(home / "etc/supervisor" / name, Path(__file__).with_name(name).read_text(encoding="utf-8"))


def bring_passphrase(home: Home, root: Path, settings: Settings) -> None:
    """Give the worker what backups are encrypted with; without such a setting it has none.

    Raises SettingsError when the file can't be read or the passphrase is short.
    """
    kept, named = home / "secrets/backup-passphrase", settings.backup.passphrase_file
    if named:
        write_whole(kept, read_passphrase(root / named), 0o600)
    else:
        kept.unlink(missing_ok=True)


def bring_logo(home: Home, root: Path, settings: Settings) -> None:
    """Give the desk the status page's own logo; one that is no longer named is gone.

    Raises SettingsError when it is no small SVG or PNG.
    """
    named = settings.status_page.logo
    for suffix in KINDS:
        kept = home / "www" / FOLDER / f"logo{suffix}"
        if named and kind_of(named) == suffix:
            content = read_logo(root / named)
            kept.parent.mkdir(parents=True, exist_ok=True)
            if not kept.is_file() or kept.read_bytes() != content:
                replace_file(kept, content)
        else:
            kept.unlink(missing_ok=True)


def keep_named(home: Home, root: Path, settings: Settings) -> None:
    """Copy what the settings name in the clone to where backups find it; what is no longer named is gone."""
    folder, wanted = home / KEPT_AT, named_in(root, settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for stale in [each for each in folder.rglob("*") if each.is_file()]:
        if stale.relative_to(folder).as_posix() not in wanted:
            stale.unlink()
    for name, content in wanted.items():
        file = folder / name
        if not file.is_file() or file.read_bytes() != content:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(file, content, 0o600)


def bring_notify_secrets(home: Home, root: Path, settings: Settings) -> None:
    """Give the desk and Alertmanager what `[notify]` names files for; what is no longer named is gone.

    Raises SettingsError when a file can't be read.
    """
    wanted = secrets_of_desk(settings.notify, root) | secrets_of_alertmanager(settings.notify, root)
    for stale in (home / "secrets").glob(f"{NOTIFY_SECRETS}*"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        write_whole(home / "secrets" / name, text, 0o600)


def hand_over(path: Path, user: str) -> None:
    """Give a folder and all in it to `user`; what is theirs already is left alone."""
    if not user:
        return
    account = pwd.getpwnam(user)
    for folder, folders, files in os.walk(path):
        for name in (".", *folders, *files):
            each = os.path.join(folder, name)  # noqa: PTH118 -- os.walk speaks in strings.
            if os.lstat(each).st_uid != account.pw_uid:
                os.lchown(each, account.pw_uid, account.pw_gid)


def hand_over_file(file: Path, user: str) -> None:
    """Give one file to `user`."""
    if user:
        account = pwd.getpwnam(user)
        os.chown(file, account.pw_uid, account.pw_gid)


def erase(home: Home) -> None:
    """Remove what Sereno has stored: data, secrets, logs, configuration. The virtual environment stays."""
    for name in ("data", "secrets", "log", "run", "www", "etc", "tls"):
        shutil.rmtree(home / name, ignore_errors=True)
    for file in (home.state_file, home / EXAMPLES_FILE, home / "release.json", home / "boot.env"):
        file.unlink(missing_ok=True)
