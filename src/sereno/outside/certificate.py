"""What a certificate says of itself, and whether a pair of certificate and key can be served."""

from __future__ import annotations

import base64
import itertools
import os
import stat
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from sereno.core.clock import utc_now
from sereno.core.errors import SettingsError

LEAST_RSA_BITS = 2048
"""Mozilla's guideline 6.0; Debian's OpenSSL starts no server with less."""

PUBLIC_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself: the names it is for, from when until when it is valid, who has issued it.

    `fingerprint` is SHA-256 in hex. `issuer` is the issuer's common name, or its organisation. `renewal_id` is by
    what RFC 9773 asks for it; empty where the issuer gave no key identifier.
    """

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str
    issuer: str = ""
    serial: str = ""
    self_signed: bool = False
    renewal_id: str = ""


def read_certificate(pem: bytes) -> Certificate:
    """The first certificate of a PEM file. Raises ValueError when there is none."""
    leaf = x509.load_pem_x509_certificates(pem)[0]
    try:
        listed = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = (
            *listed.get_values_for_type(x509.DNSName),
            *(str(address) for address in listed.get_values_for_type(x509.IPAddress)),
        )
    except x509.ExtensionNotFound:
        names = ()
    return Certificate(
        names=names,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        issuer=_said(leaf.issuer),
        serial=f"{leaf.serial_number:x}",
        self_signed=leaf.issuer == leaf.subject,
        renewal_id=_renewal_id(leaf),
    )


def covers(certificate: Certificate, name: str) -> bool:
    """Whether browsers take it for `name`."""
    return any(_covers(each, name) for each in certificate.names)


def check_pair(certificate: Path, key: Path, *, names: Iterable[str] = (), closed: bool = False) -> None:
    """Refuse what Nginx or browsers would: unreadable, of two keys, a short key, out of date, for other names, gaps.

    With `closed` a key that others on this machine can read is refused too. Raises SettingsError.
    """
    for setting, file in (("certificate", certificate), ("key", key)):
        if file.is_file() and not os.access(file, os.R_OK):
            raise SettingsError(
                f"site.{setting} = '{file}' may not be read by this user",
                next_step="sudo ./sereno up, or give this user the right to read it",
            )
    try:
        chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"site.certificate = '{certificate}' is not a readable certificate: {error}",
            next_step="it must be a PEM file",
        ) from error
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(
            f"site.key = '{key}' is not a readable private key: {error}",
            next_step="it must be a PEM file without a passphrase",
        ) from error
    if closed and stat.S_IMODE(key.stat().st_mode) & 0o007:
        raise SettingsError(
            f"site.key = '{key}' can be read by everyone on this machine (mode {stat.S_IMODE(key.stat().st_mode):o})",
            next_step=f"chmod o= '{key}'; where that changes nothing, move it to a file system that keeps modes",
        )
    if private.public_key() != chain[0].public_key():
        _refuse_strangers(certificate, key, any(private.public_key() == each.public_key() for each in chain[1:]))
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < LEAST_RSA_BITS:
        raise SettingsError(
            f"site.key = '{key}' has {private.key_size} bits, which TLS libraries refuse by now",
            next_step=f"get a certificate for an RSA key of {LEAST_RSA_BITS} bits or more, or an ECDSA one (P-256)",
        )
    _check_dates(certificate, chain)
    said = read_certificate(certificate.read_bytes())
    missing = [name for name in names if not covers(said, name)]
    if missing:
        raise SettingsError(
            f"site.certificate = '{certificate}' is for {', '.join(said.names) or 'no name'}, "
            f"not for {', '.join(missing)}",
            next_step="get a certificate for every name of site.domain, site.aliases and your services, or correct "
            "those",
        )
    _check_chain(certificate, chain)


def _refuse_strangers(certificate: Path, key: Path, is_further_down: bool) -> None:
    if is_further_down:
        raise SettingsError(
            f"site.certificate = '{certificate}' begins with another certificate than the one of site.key",
            next_step="put this server's own certificate first, then the one that signed it, and so on",
        )
    raise SettingsError(
        f"site.certificate = '{certificate}' and site.key = '{key}' do not belong together",
        next_step="give the key from which the certificate was requested",
    )


def _check_dates(file: Path, chain: Sequence[x509.Certificate]) -> None:
    now = utc_now()
    for each in chain:
        begins, ends = each.not_valid_before_utc, each.not_valid_after_utc
        if not begins <= now <= ends:
            which = "is" if each is chain[0] else f"holds the certificate of {_said(each.subject)}, which is"
            raise SettingsError(
                f"site.certificate = '{file}' {which} valid only from {begins:%F} to {ends:%F}",
                next_step="renew it, or set neither certificate nor key and Sereno makes a pair; if those days are "
                "right, this machine's clock is wrong: ./sereno doctor",
            )


def _check_chain(file: Path, chain: Sequence[x509.Certificate]) -> None:
    """Each certificate has to be signed by the next; the last by itself, or by one that everybody has."""
    for lower, upper in itertools.pairwise(chain):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise SettingsError(
                f"site.certificate = '{file}': {_said(lower.subject)} is followed by {_said(upper.subject)}, which "
                f"has not signed it; that was {_said(lower.issuer)}",
                next_step="put this server's own certificate first, then the one that signed it, and so on",
            ) from error
    last = chain[-1]
    if last.issuer != last.subject and _names_its_issuer(last) and not _is_public_root(last.issuer):
        raise SettingsError(
            f"site.certificate = '{file}' ends with {_said(last.subject)} and lacks the certificate of "
            f"{_said(last.issuer)}, which signed it: many programs will not trust it",
            next_step="append the authority's intermediate certificate; it is in the file that is often called "
            "fullchain.pem or ca-bundle",
        )


def _names_its_issuer(certificate: x509.Certificate) -> bool:
    """Whether it says where its issuer's certificate is to be had, as those of public authorities do."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(each.access_method == AuthorityInformationAccessOID.CA_ISSUERS for each in access)


def _is_public_root(issuer: x509.Name, roots: Path = PUBLIC_ROOTS) -> bool:
    """Whether this machine trusts it by itself; True where that cannot be known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Some old authorities broke rules that only concern them.
            return any(each.subject == issuer for each in x509.load_pem_x509_certificates(roots.read_bytes()))
    except (OSError, ValueError):
        return True


def _covers(pattern: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.partition(".")[2].lower() == pattern[2:].lower()
    return pattern.lower() == name.lower()


def _said(name: x509.Name) -> str:
    """What people call the holder of a distinguished name."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        found = name.get_attributes_for_oid(kind)
        if found:
            return str(found[0].value)
    return name.rfc4514_string() or "a nameless one"


def _renewal_id(leaf: x509.Certificate) -> str:
    """RFC 9773, section 4.1: the issuer's key identifier and the serial number, each as base64url without padding."""
    try:
        identifier = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return ""
    if identifier is None:
        return ""
    # The number's bytes as DER has them: one zero byte in front where the highest bit is set.
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
    return f"{_base64url(identifier)}.{_base64url(serial)}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
