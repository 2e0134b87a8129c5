"""Whether the certificates in one file lead from the server's to an authority, each signed by the next."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from sereno.core.errors import SettingsError
from sereno.outside.certificate import check_pair, read_certificate

NOW = datetime.now(UTC)


class Authority:
    """Signs certificates; `signed_by` is the authority above it, if any."""

    def __init__(self, name: str, signed_by: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named(name)
        self.above = signed_by or self
        self.certificate = self.valid_for(300)

    def valid_for(self, days: int) -> x509.Certificate:
        """Its own certificate, ending so many days from now."""
        return self.above.sign(self.name, self.key.public_key(), is_authority=True, ends=days)

    def sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool = False, ends: int = 30
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=400))
            .not_valid_after(NOW + timedelta(days=ends))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if not is_authority:
            where = x509.UniformResourceIdentifier("http://ca.test/issuer.crt")
            access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = (
                builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.test")]), critical=False)
                .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
                .add_extension(identifier, critical=False)
            )
        return builder.sign(self.key, hashes.SHA256())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Chained:
    """A server's certificate, its key, and the two authorities above it."""

    folder: Path

    def __post_init__(self) -> None:
        self.root = Authority("the root")
        self.middle = Authority("the middle", self.root)
        key = ec.generate_private_key(ec.SECP256R1())
        self.leaf = self.middle.sign(named("shop.test"), key.public_key())
        self.key_file = self.folder / "shop.key"
        plain = serialization.NoEncryption()
        self.key_file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        self.key_file.chmod(0o600)

    def check(self, *certificates: x509.Certificate) -> None:
        file = self.folder / "shop.crt"
        file.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates))
        check_pair(file, self.key_file, names=["shop.test"], closed=True)


@pytest.fixture
def chained(tmp_path: Path) -> Chained:
    return Chained(tmp_path)


def test_a_chain_is_taken_with_and_without_its_root(chained: Chained) -> None:
    chained.check(chained.leaf, chained.middle.certificate)
    chained.check(chained.leaf, chained.middle.certificate, chained.root.certificate)


def test_a_certificate_without_the_one_that_signed_it_is_refused(chained: Chained) -> None:
    with pytest.raises(SettingsError, match="lacks the certificate of the middle, which signed it") as refusal:
        chained.check(chained.leaf)
    assert "fullchain.pem" in refusal.value.next_step


def test_a_chain_in_the_wrong_order_is_refused(chained: Chained) -> None:
    with pytest.raises(SettingsError, match=r"begins with another certificate than the one of site\.key"):
        chained.check(chained.middle.certificate, chained.leaf)
    with pytest.raises(SettingsError, match=r"shop\.test is followed by the root, .* that was the middle"):
        chained.check(chained.leaf, chained.root.certificate, chained.middle.certificate)


def test_a_namesake_of_the_one_that_signed_is_refused(chained: Chained) -> None:
    with pytest.raises(SettingsError, match="followed by the middle, which has not signed it"):
        chained.check(chained.leaf, Authority("the middle").certificate)


def test_an_intermediate_out_of_date_is_refused(chained: Chained) -> None:
    with pytest.raises(SettingsError, match="holds the certificate of the middle, which is valid only from"):
        chained.check(chained.leaf, chained.middle.valid_for(-1))


def test_a_key_that_everyone_can_read_is_refused(chained: Chained) -> None:
    chained.key_file.chmod(0o644)
    with pytest.raises(SettingsError, match=r"can be read by everyone on this machine \(mode 644\)") as refusal:
        chained.check(chained.leaf, chained.middle.certificate)
    assert "chmod o=" in refusal.value.next_step


def test_a_certificate_says_who_issued_it_and_by_what_its_renewal_is_asked_for(chained: Chained) -> None:
    said = read_certificate(chained.leaf.public_bytes(serialization.Encoding.PEM))
    assert (said.issuer, said.self_signed, int(said.serial, 16)) == ("the middle", False, chained.leaf.serial_number)
    serial = said.renewal_id.partition(".")[2]
    decoded = base64.urlsafe_b64decode(serial + "=" * (-len(serial) % 4))
    assert int.from_bytes(decoded, "big") == chained.leaf.serial_number


def test_the_renewal_id_is_the_one_of_the_standards_example() -> None:
    """RFC 9773, section 4.1: key identifier 69:88:5B:…, serial number 00:87:65:43:21."""
    identifier = bytes.fromhex("69885b6b87464041e1b37b847bd0ae2cde01c8d4")
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(named("example.com"))
        .issuer_name(named("example CA"))
        .public_key(key.public_key())
        .serial_number(0x8765_4321)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.AuthorityKeyIdentifier(identifier, None, None), critical=False)
        .sign(key, hashes.SHA256())
    )
    said = read_certificate(made.public_bytes(serialization.Encoding.PEM))
    assert said.renewal_id == "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE"
