"""The folder of what is served: both files change at once, and what an authority gave stays while it is right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.unit.outside.test_certificate import ROOT, settings, write_pair

from sereno.core.errors import SettingsError
from sereno.outside.certificate import read_certificate
from sereno.outside.tls_folder import KEPT_PAIRS, SCRIPT, SelfSigned, Source, TlsFolder, ensure_served
from sereno.settings import Settings
from sereno.settings.certificate import CertificateSection
from sereno.settings.model import Site


def install(folder: TlsFolder, pair: tuple[Path, Path], source: Source = "acme") -> bool:
    return folder.install(source, pair[0].read_bytes(), pair[1].read_bytes())


def with_authority(domain: str, *aliases: str) -> Settings:
    return Settings(site=Site(domain=domain, aliases=aliases), certificate=CertificateSection(kind="acme"))


def source_of(folder: TlsFolder) -> str:
    present = folder.served()
    assert present is not None
    return present[0]


@pytest.fixture
def folder(tmp_path: Path) -> TlsFolder:
    (tmp_path / "tls").mkdir()
    return TlsFolder(tmp_path / "tls")


def test_a_pair_is_served_from_one_moment_to_the_next(folder: TlsFolder, tmp_path: Path) -> None:
    first, second = write_pair(tmp_path / "1", "a.test"), write_pair(tmp_path / "2", "b.test")
    assert folder.served() is None
    assert install(folder, first)
    before = (folder.path / "served").resolve()
    assert install(folder, second)
    assert folder.certificate.read_bytes() == second[0].read_bytes()
    assert folder.key.read_bytes() == second[1].read_bytes()
    assert (folder.path / "served").is_symlink()
    # Who is reading the old pair at this moment reads it to its end.
    assert (before / "cert.pem").read_bytes() == first[0].read_bytes()
    assert (before / "key.pem").read_bytes() == first[1].read_bytes()


def test_the_same_pair_again_changes_nothing(folder: TlsFolder, tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "1", "a.test")
    assert install(folder, pair)
    written = folder.key.stat()
    assert not install(folder, pair)
    assert folder.key.stat().st_mtime_ns == written.st_mtime_ns


def test_keys_are_the_owners_alone(folder: TlsFolder, tmp_path: Path) -> None:
    install(folder, write_pair(tmp_path / "1", "a.test"))
    assert folder.key.stat().st_mode & 0o777 == 0o600
    assert (folder.path / "pairs").stat().st_mode & 0o777 == 0o700


def test_where_the_folder_hands_its_group_on_they_are_the_groups_too(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2750)
    install(TlsFolder(shared), write_pair(tmp_path / "2", "a.test"))
    assert (shared / "served/key.pem").stat().st_mode & 0o777 == 0o640
    assert (shared / "served").stat().st_mode & 0o7777 == 0o2750


def test_only_the_last_few_pairs_are_kept(folder: TlsFolder, tmp_path: Path) -> None:
    pairs = [write_pair(tmp_path / str(number), "a.test") for number in range(KEPT_PAIRS + 3)]
    for pair in pairs:
        install(folder, pair)
    assert len(list((folder.path / "pairs").iterdir())) == KEPT_PAIRS + 1
    assert folder.certificate.read_bytes() == pairs[-1][0].read_bytes()


def test_a_full_disk_leaves_what_was_served(folder: TlsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_pair(tmp_path / "1", "a.test"), write_pair(tmp_path / "2", "a.test")
    install(folder, first)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as disk:
        disk.setattr("sereno.outside.tls_folder.replace_file", full)
        with pytest.raises(OSError, match="no space"):
            install(folder, second)
    assert folder.certificate.read_bytes() == first[0].read_bytes()
    assert install(folder, second)


def test_ones_own_pair_is_served_once_it_has_been_checked(folder: TlsFolder, tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "mine", "shop.test")
    with pytest.raises(SettingsError, match=r"not for other\.test"):
        ensure_served(folder.path, ROOT, settings(pair, domain="other.test"))
    assert folder.served() is None
    ensure_served(folder.path, ROOT, settings(pair, domain="shop.test"))
    assert source_of(folder) == "own"


def test_until_an_authority_has_given_one_this_machines_own_is_served(folder: TlsFolder) -> None:
    ensure_served(folder.path, ROOT, with_authority("shop.test", "www.shop.test"))
    present = folder.served()
    assert present is not None
    assert present[0] == "self-signed"
    assert {"shop.test", "www.shop.test", "localhost"} <= set(present[1].names)


def test_what_an_authority_gave_stays_also_when_a_name_is_added(folder: TlsFolder, tmp_path: Path) -> None:
    install(folder, write_pair(tmp_path / "1", "shop.test"))
    for wanted in (with_authority("shop.test"), with_authority("shop.test", "new.shop.test")):
        ensure_served(folder.path, ROOT, wanted)
        assert source_of(folder) == "acme"


@pytest.mark.parametrize(("name", "ends"), [("other.test", 30), ("shop.test", -1)])
def test_one_for_other_names_or_out_of_date_does_not(folder: TlsFolder, tmp_path: Path, name: str, ends: int) -> None:
    install(folder, write_pair(tmp_path / "1", name, begins=-60, ends=ends))
    ensure_served(folder.path, ROOT, with_authority("shop.test"))
    assert source_of(folder) == "self-signed"


def test_a_self_signed_one_is_made_anew_for_the_names_that_it_had(folder: TlsFolder, tmp_path: Path) -> None:
    install(folder, write_pair(tmp_path / "1", "printer.lan", "localhost"), "self-signed")
    shutil.copy(ROOT / SCRIPT, folder.path)
    certificate, key = SelfSigned(folder.path, settings(domain="shop.test")).issue(["shop.test"])
    made = read_certificate(certificate)
    assert {"printer.lan", "shop.test", "localhost"} <= set(made.names)
    assert folder.install("self-signed", certificate, key)


def test_who_goes_back_to_a_self_signed_one_gets_it(folder: TlsFolder, tmp_path: Path) -> None:
    install(folder, write_pair(tmp_path / "1", "shop.test"))
    ensure_served(folder.path, ROOT, settings(domain="shop.test"))
    assert source_of(folder) == "self-signed"
