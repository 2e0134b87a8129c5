"""Old and restored change places, and back; nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.serve.native.exchange import NativeExchange
from sereno.serve.native.home import Home
from sereno.serve.restored import Aside, RestoredClone


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    for name, text in {
        "data/mysql/ibdata1": "old rows",
        "data/grafana/grafana.db": "old dashboards",
        "secrets/desk-secret-key": "old key",
        "secrets/backup-passphrase": "this machine's",
        "tls/served/cert.pem": "old certificate",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone/sereno.toml").write_text("# old\n")
    return Home(folder)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    for name, text in {
        "kept/secrets/desk-secret-key": "restored key",
        "kept/secrets/mysql-users.sql": "of the other machine",
        "kept/tls/served/cert.pem": "restored certificate",
        "kept/etc/sereno.toml": "# restored\n",
        "kept/etc/prometheus/rules/custom/mine.yml": "groups: []\n",
        "kept/etc/nginx/conf.d/locations/own.conf": "# own\n",
        "database/ibdata1": "restored rows",
        "grafana.db": "restored dashboards",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "kept"


def exchange(home: Home, kept: Path, *, keep_settings: bool = False) -> tuple[NativeExchange, list[str]]:
    stopped: list[str] = []
    made = NativeExchange(
        home,
        kept.parent / "clone",
        user="",
        stamp="now",
        down=lambda: stopped.append("down"),
        keep_settings=keep_settings,
    )
    made.exchange(database=kept.parent / "database", grafana=kept.parent / "grafana.db", kept=kept)
    return made, stopped


def state(home: Home) -> dict[str, str]:
    names = ("data/mysql/ibdata1", "data/grafana/grafana.db", "secrets/desk-secret-key", "tls/served/cert.pem")
    return {name: (home / name).read_text().split()[0] for name in names}


def test_the_restored_takes_the_olds_place_and_the_old_is_kept(home: Home, kept: Path) -> None:
    _, stopped = exchange(home, kept)
    assert stopped == ["down"]
    assert set(state(home).values()) == {"restored"}
    old = home / "before-restore-now"
    assert set(state(Home(old)).values()) == {"old"}
    assert old.stat().st_mode & 0o777 == 0o700
    clone = kept.parent / "clone"
    assert (clone / "sereno.toml").read_text() == "# restored\n"
    assert (old / "sereno.toml").read_text() == "# old\n"
    assert (clone / "prometheus/rules/custom/mine.yml").exists()
    assert (clone / "docker/nginx/conf.d/locations/own.conf").exists()


def test_secrets_that_the_backup_does_not_have_stay_and_derived_ones_do_not_come_along(home: Home, kept: Path) -> None:
    exchange(home, kept)
    assert (home / "secrets/backup-passphrase").read_text() == "this machine's"
    assert not (home / "secrets/mysql-users.sql").exists()
    assert (home / "secrets").stat().st_mode & 0o777 == 0o700


def test_back_again_everything_is_as_it_was(home: Home, kept: Path) -> None:
    made, stopped = exchange(home, kept)
    failed = made.exchange_back()
    assert stopped == ["down", "down"]
    assert set(state(home).values()) == {"old"}
    assert set(state(Home(failed)).values()) == {"restored"}
    assert (kept.parent / "clone/sereno.toml").read_text() == "# old\n"


def test_what_is_in_the_clone_already_is_never_overwritten(home: Home, kept: Path) -> None:
    mine = kept.parent / "clone/prometheus/rules/custom/mine.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("here before\n")
    exchange(home, kept, keep_settings=True)
    assert mine.read_text() == "here before\n"
    assert (kept.parent / "clone/sereno.toml").read_text() == "# old\n"


def test_a_damaged_home_without_a_database_is_restored_too(home: Home, kept: Path) -> None:
    (home / "data/mysql/ibdata1").unlink()
    (home / "data/mysql").rmdir()
    exchange(home, kept)
    assert set(state(home).values()) == {"restored"}


def served(kept: Path, source: str) -> None:
    """Have the backup's machine serve a certificate that came from `source`."""
    for file in (kept / "tls/served").iterdir():
        file.unlink()
    (kept / "tls/served").rmdir()
    pair = kept / f"tls/pairs/{source}-0123456789abcdef"
    pair.mkdir(parents=True)
    (pair / "cert.pem").write_text(f"{source} certificate")
    (pair / "key.pem").write_text(f"{source} key")
    (kept / "tls/served").symlink_to(f"pairs/{pair.name}")


def test_files_that_the_settings_name_come_back_where_there_is_none(home: Home, kept: Path) -> None:
    clone = kept.parent / "clone"
    for name in ("own/site.key", "secret-chat"):
        (kept / "etc/named" / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / "etc/named" / name).write_text("restored")
    (clone / "secret-chat").write_text("here before")
    exchange(home, kept)
    assert (clone / "own/site.key").read_text() == "restored"
    assert (clone / "own/site.key").stat().st_mode & 0o777 == 0o600
    assert (clone / "secret-chat").read_text() == "here before"


def test_a_self_signed_one_of_compose_is_served_natively_as_well(home: Home, kept: Path) -> None:
    served(kept, "self-signed")
    exchange(home, kept)
    assert (home / "tls/cert.pem").read_text() == "self-signed certificate"
    assert (home / "tls/key.pem").read_text() == "self-signed key"


@pytest.mark.parametrize(("source", "taken"), [("self-signed", True), ("acme", False), ("own", False)])
def test_compose_takes_over_what_a_machine_has_made_for_itself_and_gives_it_back(
    tmp_path: Path, kept: Path, source: str, taken: bool
) -> None:
    served(kept, source)
    place = tmp_path / "clone/docker/nginx/ssl/key.pem"
    place.parent.mkdir(parents=True)
    place.write_text("key of here")
    aside = Aside(tmp_path / "old", tmp_path / "failed")
    RestoredClone(tmp_path / "clone", aside).put_composes_pair(kept)
    assert place.read_text() == (f"{source} key" if taken else "key of here")
    if taken:
        assert place.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "old/docker/nginx/ssl/key.pem").read_text() == "key of here"
    aside.undo()
    assert place.read_text() == "key of here"
