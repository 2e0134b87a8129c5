from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from sereno.core.errors import SerenoError, SettingsError
from sereno.outside.certificate import check_pair, read_certificate
from sereno.outside.tls_folder import SCRIPT, ensure_pair
from sereno.settings import Settings
from sereno.settings.model import Site

ROOT = Path(__file__).parents[3]
NOW = datetime.now(UTC)


def write_pair(
    folder: Path, *names: str, begins: int = -1, ends: int = 30, password: bytes = b"", rsa_bits: int = 0
) -> tuple[Path, Path]:
    """A certificate for `names`, valid from and until so many days from now, and its key (ECDSA, or so many bits)."""
    key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=begins))
        .not_valid_after(NOW + timedelta(days=ends))
    )
    if names:
        entries = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    closed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    folder.mkdir(exist_ok=True)
    certificate_file, key_file = folder / "mine.crt", folder / "mine.key"
    certificate_file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed))
    key_file.chmod(0o600)
    return certificate_file, key_file


def settings(pair: tuple[Path, Path] | None = None, **site: str) -> Settings:
    files = {"certificate": str(pair[0]), "key": str(pair[1])} if pair else {}
    return Settings(site=Site(**(files | site)))


def test_a_certificate_says_names_dates_and_fingerprint(tmp_path: Path) -> None:
    certificate, _ = write_pair(tmp_path, "shop.example.org", "192.0.2.7")
    said = read_certificate(certificate.read_bytes())
    assert said.names == ("shop.example.org", "192.0.2.7")
    assert (said.not_after - said.not_before).days == 31
    assert len(said.fingerprint) == 64


@pytest.mark.parametrize("domain", ["", "shop.example.org", "SHOP.example.org", "a.example.net", "192.0.2.7"])
def test_a_pair_that_fits_is_taken(tmp_path: Path, domain: str) -> None:
    check_pair(
        *write_pair(tmp_path, "shop.example.org", "*.example.net", "192.0.2.7"), names=(domain,) if domain else ()
    )


@pytest.mark.parametrize("domain", ["example.org", "example.net", "a.b.example.net", "other.test", "192.0.2.8"])
def test_one_for_another_name_is_refused_by_name(tmp_path: Path, domain: str) -> None:
    pair = write_pair(tmp_path, "shop.example.org", "*.example.net", "192.0.2.7")
    with pytest.raises(SettingsError, match=rf"is for shop\.example\.org, .*, not for {domain}") as refusal:
        check_pair(*pair, names=(domain,))
    assert "site.domain" in refusal.value.next_step


def test_one_without_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is for no name, not for"):
        check_pair(*write_pair(tmp_path), names=("shop.example.org",))


@pytest.mark.parametrize(("begins", "ends"), [(-60, -1), (1, 30)])
def test_one_out_of_date_is_refused_with_its_dates(tmp_path: Path, begins: int, ends: int) -> None:
    with pytest.raises(SettingsError, match=r"is valid only from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d"):
        check_pair(*write_pair(tmp_path, "localhost", begins=begins, ends=ends))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    certificate, _ = write_pair(tmp_path / "one", "localhost")
    _, key = write_pair(tmp_path / "two", "localhost")
    with pytest.raises(SettingsError, match="do not belong together"):
        check_pair(certificate, key)


def test_an_rsa_key_is_taken_when_it_is_long_enough(tmp_path: Path) -> None:
    check_pair(*write_pair(tmp_path, "localhost", rsa_bits=2048), names=("localhost",))
    with pytest.raises(SettingsError, match=r"site\.key = .* has 1024 bits") as refusal:
        check_pair(*write_pair(tmp_path, "localhost", rsa_bits=1024), names=("localhost",))
    assert "2048" in refusal.value.next_step


def test_a_file_that_may_not_be_read_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = write_pair(tmp_path, "localhost")
    monkeypatch.setattr("os.access", lambda file, mode: file != key)
    with pytest.raises(SettingsError, match=r"site\.key = .* may not be read by this user") as refusal:
        check_pair(certificate, key)
    assert "sudo" in refusal.value.next_step


def test_files_are_named_as_seen_from_the_settings_file(tmp_path: Path) -> None:
    root = tmp_path / "clone"
    root.mkdir()
    certificate, key = write_pair(root / "mine", "localhost")
    named = (certificate.relative_to(root), key.relative_to(root))
    ensure_pair(tmp_path / "tls", root, settings(named))
    assert (tmp_path / "tls/key.pem").read_bytes() == key.read_bytes()


def test_a_key_with_a_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"site\.key = .* is not a readable private key") as refusal:
        check_pair(*write_pair(tmp_path, "localhost", password=b"secret"))
    assert "without a passphrase" in refusal.value.next_step


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_what_is_no_certificate_or_key_is_refused_by_the_settings_name(tmp_path: Path, content: bytes | None) -> None:
    certificate, key = write_pair(tmp_path, "localhost")
    other = tmp_path / "other"
    if content is not None:
        other.write_bytes(content)
    with pytest.raises(SettingsError, match=r"site\.certificate = "):
        check_pair(other, key)
    with pytest.raises(SettingsError, match=r"site\.key = "):
        check_pair(certificate, other)


def test_the_users_own_pair_is_checked_and_brought_in_closed_to_others(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "shop.example.org")
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "key.pem").write_text("an old one")
    (folder / "key.pem").chmod(0o644)
    ensure_pair(folder, ROOT, settings(pair, domain="shop.example.org"))
    assert (folder / "cert.pem").read_bytes() == pair[0].read_bytes()
    assert (folder / "key.pem").read_bytes() == pair[1].read_bytes()
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match=r"not for other\.test"):
        ensure_pair(folder, ROOT, settings(pair, domain="other.test"))


def test_without_one_the_projects_own_script_makes_one_for_the_names_that_people_type(tmp_path: Path) -> None:
    wanted = settings(domain="shop.example.org", public_url="https://status.example.org:8443")
    ensure_pair(tmp_path / "tls", ROOT, wanted)
    made = read_certificate((tmp_path / "tls/cert.pem").read_bytes())
    assert {"localhost", "shop.example.org", "status.example.org"} <= set(made.names)
    check_pair(tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem", names=("shop.example.org",))
    ensure_pair(tmp_path / "tls", ROOT, wanted)
    assert read_certificate((tmp_path / "tls/cert.pem").read_bytes()) == made


def test_when_none_can_be_made_the_scripts_own_words_are_told(tmp_path: Path) -> None:
    script = tmp_path / "root" / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text("echo 'openssl is not installed; next: apt-get install openssl' >&2; exit 1")
    with pytest.raises(SerenoError, match="no certificate can be made") as refusal:
        ensure_pair(tmp_path / "tls", tmp_path / "root", settings())
    assert "apt-get install openssl" in refusal.value.log_tail
