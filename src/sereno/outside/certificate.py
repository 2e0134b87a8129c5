"""The server's certificate: made by the project's own script, or the user's own, checked."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError, SettingsError
from sereno.core.files import replace_file
from sereno.settings import Settings

SCRIPT = Path("docker/nginx/ssl/generate-ssl.sh")
LEAST_RSA_BITS = 2048
"""Mozilla's guideline 6.0; Debian's OpenSSL starts no server with less."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself: the names it is for, until when it is valid, its SHA-256 fingerprint."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str


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
    fingerprint = leaf.fingerprint(hashes.SHA256()).hex()
    return Certificate(names, leaf.not_valid_before_utc, leaf.not_valid_after_utc, fingerprint)


def ensure_certificate(folder: Path, root: Path, settings: Settings) -> None:
    """Make sure that `folder` holds `cert.pem` and `key.pem`: the user's own pair, or one of this machine's making.

    `root` is the folder below which the script lies as in the repository. What is valid is kept.
    Raises SettingsError when the user's own pair is wrong, SerenoError when none can be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if settings.certificate_pair is not None:
        # As the settings file lies in `root`, so do files that it names without a folder of their own.
        certificate, key = (root / path for path in settings.certificate_pair)
        check_pair(certificate, key, domain=settings.site.domain)
        _copy(certificate, folder / "cert.pem")
        _copy(key, folder / "key.pem")
        return
    made = subprocess.run(
        ["bash", str(root / SCRIPT), "--into", str(folder), *_names(settings)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise SerenoError(
            f"no certificate can be made in {folder}",
            next_step="read the lines above; the script can be run by hand as well: bash " + str(SCRIPT),
            log_tail=made.stderr.strip(),
        )


def _names(settings: Settings) -> list[str]:
    """The names that people type, beside those that every certificate of ours has."""
    typed = (settings.site.domain, urlsplit(settings.site.public_url).hostname)
    return [name for name in typed if name]


def _copy(source: Path, target: Path) -> None:
    """Copy a file of the pair, closed to others from its first moment."""
    replace_file(target, source.read_bytes(), 0o600)


def check_pair(certificate: Path, key: Path, *, domain: str) -> None:
    """Refuse what Nginx or browsers would: unreadable, of two keys, a short key, out of date, for another name."""
    for setting, file in (("certificate", certificate), ("key", key)):
        if file.is_file() and not os.access(file, os.R_OK):
            raise SettingsError(
                f"site.{setting} = '{file}' may not be read by this user",
                next_step="sudo ./sereno up, or give this user the right to read it",
            )
    try:
        pem = certificate.read_bytes()
        leaf = x509.load_pem_x509_certificates(pem)[0]
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
    if private.public_key() != leaf.public_key():
        raise SettingsError(
            f"site.certificate = '{certificate}' and site.key = '{key}' do not belong together",
            next_step="give the key from which the certificate was requested",
        )
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < LEAST_RSA_BITS:
        raise SettingsError(
            f"site.key = '{key}' has {private.key_size} bits, which TLS libraries refuse by now",
            next_step=f"get a certificate for an RSA key of {LEAST_RSA_BITS} bits or more, or an ECDSA one (P-256)",
        )
    said = read_certificate(pem)
    now = utc_now()
    if now > said.not_after or now < said.not_before:
        raise SettingsError(
            f"site.certificate = '{certificate}' is valid only from {said.not_before:%F} to {said.not_after:%F}",
            next_step="renew it, or set neither certificate nor key and Sereno makes a pair",
        )
    if domain and not any(_covers(name, domain) for name in said.names):
        raise SettingsError(
            f"site.certificate = '{certificate}' is for {', '.join(said.names) or 'no name'}, not for {domain}",
            next_step="get a certificate for site.domain, or correct site.domain",
        )


def _covers(name: str, domain: str) -> bool:
    if name.startswith("*."):
        return domain.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == domain.lower()
