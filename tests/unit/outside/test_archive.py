"""The file that a backup is: whole or not there, and damaged ones are told."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.outside import archive

PASSPHRASE = "a passphrase of some length"


@pytest.fixture(params=["", PASSPHRASE], ids=["plain", "encrypted"])
def passphrase(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def packed(folder: Path, passphrase: str) -> Path:
    (folder / "dump").write_bytes(os.urandom(300_000))
    (folder / "small").write_text("few")
    target = folder / "x.tar"
    parts = {"database.sql.gz": folder / "dump", "home.tar.gz": folder / "small"}
    sha256 = archive.pack(target, '{"a": 1}', parts, passphrase=passphrase, written_at=0)
    assert archive.measure(target).sha256 == sha256
    return target


def test_parts_come_out_as_they_went_in(tmp_path: Path, passphrase: str) -> None:
    file = packed(tmp_path, passphrase)
    assert file.stat().st_mode & 0o777 == 0o600
    assert archive.manifest_in(file, passphrase) == '{"a": 1}'
    out = tmp_path / "out"
    out.mkdir()
    text, found = archive.unpack(file, passphrase, out)
    assert text == '{"a": 1}'
    assert found == {
        "database.sql.gz": archive.measure(tmp_path / "dump"),
        "home.tar.gz": archive.measure(tmp_path / "small"),
    }
    assert (out / "database.sql.gz").read_bytes() == (tmp_path / "dump").read_bytes()
    assert archive.is_sealed(file) is bool(passphrase)


def test_a_file_that_is_cut_off_is_no_backup(tmp_path: Path, passphrase: str) -> None:
    file = packed(tmp_path, passphrase)
    content = file.read_bytes()
    for number, length in enumerate((0, 100, 5000, 200_000)):
        file.write_bytes(content[:length])
        out = tmp_path / f"out{number}"
        out.mkdir()
        with pytest.raises(SerenoError):
            archive.unpack(file, passphrase, out)


def test_an_encrypted_file_needs_its_passphrase(tmp_path: Path) -> None:
    file = packed(tmp_path, PASSPHRASE)
    with pytest.raises(SerenoError, match="is encrypted") as refused:
        archive.manifest_in(file, "")
    assert "--passphrase-file" in refused.value.next_step
    with pytest.raises(SerenoError, match="does not open"):
        archive.manifest_in(file, "another passphrase here")


def test_nothing_is_left_of_one_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "dump").write_text("x")
    with pytest.raises(FileNotFoundError):
        parts = {"a": tmp_path / "dump", "b": tmp_path / "gone"}
        archive.pack(tmp_path / "x.tar", "{}", parts, passphrase="", written_at=0)
    assert [file.name for file in tmp_path.iterdir()] == ["dump"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SerenoError, match="cannot be read: No such file"):
        archive.manifest_in(tmp_path / "none.tar", "")


def made_by_hand(target: Path, name: str, *, mode: str = "w") -> Path:
    with tarfile.open(target, mode) as tar:  # type: ignore[call-overload]
        for each in ("manifest.json", name):
            entry = tarfile.TarInfo(each)
            entry.size = 2
            tar.addfile(entry, io.BytesIO(b"{}"))
    return target


@pytest.mark.parametrize("name", ["../outside", "/outside", ".hidden", "a/b"])
def test_a_part_with_a_path_is_refused(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(SerenoError, match="no whole backup"):
        archive.unpack(made_by_hand(tmp_path / "x.tar", name), "", out)
    assert [file.name for file in tmp_path.rglob("outside")] == []


def test_folders_keep_modes_and_links_and_leave_out_what_they_should(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "secrets").mkdir(parents=True)
    (home / "secrets/key").write_text("k")
    (home / "secrets/key").chmod(0o600)
    (home / "secrets/passphrase").write_text("p")
    (home / "tls/pairs/one").mkdir(parents=True)
    (home / "tls/pairs/one/cert.pem").write_text("c")
    (home / "tls/served").symlink_to("pairs/one")
    paths = {"secrets": home / "secrets", "tls": home / "tls", "etc/sereno.toml": home / "none"}
    archive.pack_paths(paths, tmp_path / "home.tar.gz", without=frozenset({"secrets/passphrase"}))
    out = tmp_path / "out"
    names = archive.unpack_folder(tmp_path / "home.tar.gz", out)
    assert sorted(names) == ["secrets/key", "tls/pairs/one/cert.pem", "tls/served"]
    assert (out / "tls/served/cert.pem").read_text() == "c"
    assert (out / "secrets/key").stat().st_mode & 0o777 == 0o600


def links(file: Path, *pairs: tuple[str, str]) -> Path:
    """A tar with links: name → where it leads."""
    with tarfile.open(file, "w:gz") as tar:
        for name, target in pairs:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return file


def test_links_that_lead_up_and_down_again_are_kept_as_certbot_makes_them(tmp_path: Path) -> None:
    live, archived = tmp_path / "tls/acme/config/live/sereno", tmp_path / "tls/acme/config/archive/sereno"
    for folder in (live, archived):
        folder.mkdir(parents=True)
    (archived / "cert1.pem").write_text("c")
    (live / "cert.pem").symlink_to("../../archive/sereno/cert1.pem")
    archive.pack_paths({"tls": tmp_path / "tls"}, tmp_path / "home.tar.gz", without=frozenset())
    archive.unpack_folder(tmp_path / "home.tar.gz", tmp_path / "out")
    assert (tmp_path / "out/tls/acme/config/live/sereno/cert.pem").read_text() == "c"


@pytest.mark.parametrize(
    "pairs",
    [
        [("tls/served", "../../outside")],
        [("tls/served", "/etc")],
        [("tls/a/b", "../../../outside")],
        # Each leads inside by its name; the second would not, since its folder is elsewhere.
        [("tls/here", "."), ("tls/here/here/up", "../../../tls")],
    ],
)
def test_links_that_lead_out_are_refused(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    file = links(tmp_path / "home.tar.gz", *pairs)
    with pytest.raises(SerenoError, match="no whole backup"):
        archive.unpack_folder(file, tmp_path / "out")


@pytest.mark.parametrize("name", ["../outside", "/outside"])
def test_a_folders_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    file = made_by_hand(tmp_path / "home.tar.gz", name, mode="w:gz")
    with pytest.raises(SerenoError, match="no whole backup"):
        archive.unpack_folder(file, tmp_path / "out")


def test_an_sqlite_database_is_copied_while_somebody_writes(tmp_path: Path) -> None:
    source = tmp_path / "grafana.db"
    with sqlite3.connect(source) as writer:
        writer.execute("CREATE TABLE t (n INTEGER)")
        writer.execute("INSERT INTO t VALUES (1)")
    writer.execute("INSERT INTO t VALUES (2)")  # Not committed.
    archive.copy_sqlite(source, tmp_path / "copy.gz")
    writer.close()
    archive.unzip(tmp_path / "copy.gz", tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy") as copy:
        assert copy.execute("SELECT n FROM t").fetchall() == [(1,)]
    copy.close()
    assert not list(tmp_path.glob("*.plain"))


def test_a_link_that_leads_out_is_left_out_so_that_the_rest_can_come_back(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.conf").write_text("# mine")
    (own / "elsewhere.conf").symlink_to("/etc/hostname")
    (own / "same.conf").symlink_to("mine.conf")
    archive.pack_paths({"etc/nginx/conf.d": own}, tmp_path / "home.tar.gz", without=frozenset())
    out = tmp_path / "out"
    written = archive.unpack_folder(tmp_path / "home.tar.gz", out)
    assert written == ["etc/nginx/conf.d/mine.conf", "etc/nginx/conf.d/same.conf"]
    assert (out / "etc/nginx/conf.d/same.conf").read_text() == "# mine"


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed.yml").write_text("[]")

    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch, pytest.raises(SerenoError, match=r"closed\.yml may not be read") as refusal:
        patch.setattr(Path, "open", refuse)
        archive.pack_paths({"x": tmp_path / "closed.yml"}, tmp_path / "home.tar.gz", without=frozenset())
    assert "chmod o+r closed.yml" in refusal.value.next_step
