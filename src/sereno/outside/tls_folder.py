"""The folder from which Nginx has its certificate and key, and where they come from when nobody else gives any.

`cert.pem` and `key.pem` in it are the pair that this machine has made for itself. What is served is `served`, a link to
one of the folders below `pairs/`, each with a certificate and its key: one rename changes both at once, so the two that
lie there always belong together, also after a power cut.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cryptography import x509

from sereno.core.errors import SerenoError, SettingsError
from sereno.core.files import replace_file
from sereno.outside.certificate import Certificate, check_pair, covers, read_certificate
from sereno.settings import Settings

SCRIPT = Path("docker/nginx/ssl/generate-ssl.sh")
"""Where it lies in the repository; in the desk's image below /usr/share/sereno."""

IMAGE_ROOT = Path("/usr/share/sereno")
SERVED = "served"
CERTIFICATE, KEY = "cert.pem", "key.pem"
AUTHORITY = "acme-ca.pem"
"""By what the certificate authority's directory itself is trusted, where that is not a public one."""

KEPT_PAIRS = 3

Source = Literal["self-signed", "own", "acme"]
SOURCES: tuple[Source, ...] = ("self-signed", "own", "acme")


class TlsFolder:
    """One such folder. Files are the owner's alone; where it hands its group on (setgid), the group's as well."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def certificate(self) -> Path:
        """The certificate, with its chain, that is to be served."""
        return self.path / SERVED / CERTIFICATE

    @property
    def key(self) -> Path:
        """Its key."""
        return self.path / SERVED / KEY

    def served(self) -> tuple[Source, Certificate] | None:
        """Where what is to be served came from, and what it says; None while there is nothing that can be read."""
        try:
            name = os.readlink(self.path / SERVED).rpartition("/")[2]  # noqa: PTH115 -- as it stands there.
            certificate = read_certificate(self.certificate.read_bytes())
        except (OSError, ValueError):
            return None
        source = next((each for each in SOURCES if name.startswith(f"{each}-")), None)
        return None if source is None else (source, certificate)

    def install(self, source: Source, certificate: bytes, key: bytes) -> bool:
        """Make the pair the one that is to be served, from one moment to the next; False when it is already.

        Nginx takes it over at its next reload. Raises OSError, and then what was to be served still is.
        """
        # Named for its content, so a folder that is there is never written again.
        name = f"{source}-{hashlib.sha256(certificate + key).hexdigest()[:16]}"
        target = self.path / "pairs" / name
        if not target.exists():
            self._write(target, certificate, key)
        if self._points_at(name):
            return False
        draft = self.path / f".{SERVED}.{os.getpid()}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(f"pairs/{name}")
        draft.replace(self.path / SERVED)
        _sync(self.path)
        self._tidy(name)
        return True

    def _points_at(self, name: str) -> bool:
        link = self.path / SERVED
        return link.is_symlink() and os.readlink(link) == f"pairs/{name}"  # noqa: PTH115

    def _write(self, target: Path, certificate: bytes, key: bytes) -> None:
        shared = bool(self.path.stat().st_mode & stat.S_ISGID)
        pairs = target.parent
        pairs.mkdir(mode=0o750 if shared else 0o700, exist_ok=True)
        draft = pairs / f".{target.name}.{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o750 if shared else 0o700)
        for file, content in ((CERTIFICATE, certificate), (KEY, key)):
            replace_file(draft / file, content, 0o640 if shared else 0o600)
        draft.replace(target)
        _sync(pairs)

    def _tidy(self, present: str) -> None:
        """Keep the present pair and the last few before it."""
        pairs = sorted((self.path / "pairs").iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in [each for each in pairs if each.name != present][KEPT_PAIRS:]:
            shutil.rmtree(old, ignore_errors=True)


def make_self_signed(folder: Path, script: Path, names: Sequence[str]) -> None:
    """Have the project's own script make `cert.pem` and `key.pem` in `folder`, or keep them while they are valid.

    Raises SerenoError when it cannot.
    """
    made = subprocess.run(
        ["bash", str(script), "--into", str(folder), *names], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise SerenoError(
            f"no certificate can be made in {folder}",
            next_step="read the lines above; the script can be run by hand as well: bash " + str(SCRIPT),
            log_tail=made.stderr.strip(),
        )


def ensure_pair(folder: Path, root: Path, settings: Settings) -> None:
    """Make sure that `folder` holds `cert.pem` and `key.pem`: the user's own pair, or one of this machine's making.

    What is valid is kept. Raises SettingsError when the user's own pair is wrong, SerenoError when none can be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = own_pair(root, settings)
    if own is None:
        make_self_signed(folder, root / SCRIPT, typed_names(settings))
        return
    for source, name in zip(own, (CERTIFICATE, KEY), strict=True):
        replace_file(folder / name, source.read_bytes(), 0o600)


def ensure_served(folder: Path, root: Path, settings: Settings) -> None:
    """Make sure that a pair is to be served from the TLS folder `folder`.

    A certificate of an authority that is there and right stays; until there is one, this machine's own is served.
    Raises SettingsError when the user's own pair is wrong, SerenoError when none can be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bring_authority(folder, root, settings)
    served = TlsFolder(folder)
    own = own_pair(root, settings)
    if own is not None:
        served.install("own", own[0].read_bytes(), own[1].read_bytes())
        return
    # A copy for the worker, which may not be able to read the repository and renews what this makes.
    replace_file(folder / SCRIPT.name, (root / SCRIPT).read_bytes(), 0o755)
    make_self_signed(folder, root / SCRIPT, typed_names(settings))
    if not (settings.certificate_kind == "acme" and is_right(served, settings)):
        served.install("self-signed", (folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes())


def bring_authority(folder: Path, root: Path, settings: Settings) -> None:
    """Put `certificate.directory_ca` where the worker can read it. Raises SettingsError when it cannot be read."""
    named = settings.certificate.directory_ca
    if not named or settings.certificate_kind != "acme":
        (folder / AUTHORITY).unlink(missing_ok=True)
        return
    try:
        content = (root / named).read_bytes()
        x509.load_pem_x509_certificates(content)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"certificate.directory_ca = '{named}' is not a readable certificate: {error}",
            next_step="name a PEM file, as seen from sereno.toml",
        ) from error
    replace_file(folder / AUTHORITY, content)


def is_right(folder: TlsFolder, settings: Settings) -> bool:
    """Whether what is to be served comes from an authority, can be served, and is for one of the names at least.

    When a name is added it stays until the authority has given one with the new name as well.
    """
    present = folder.served()
    if present is None or present[0] != "acme":
        return False
    try:
        check_pair(folder.certificate, folder.key)
    except SerenoError:
        return False
    return any(covers(present[1], name) for name in settings.certificate_names)


def own_pair(root: Path, settings: Settings) -> tuple[Path, Path] | None:
    """The user's own certificate and key, checked; None when there are none. Raises SettingsError: what is wrong."""
    if settings.certificate_pair is None:
        return None
    # As the settings file lies in `root`, so do files that it names without a folder of their own.
    certificate, key = (root / path for path in settings.certificate_pair)
    check_pair(certificate, key, names=settings.certificate_names, closed=True)
    return certificate, key


def typed_names(settings: Settings) -> list[str]:
    """The names that people type, beside those that every certificate of ours has."""
    typed = (*settings.certificate_names, urlsplit(settings.site.public_url).hostname)
    return [name for name in typed if name]


def _sync(folder: Path) -> None:
    """Have the disk know of renames in `folder`, so that a power cut does not undo them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SelfSigned:
    """See `sereno.keep.certificates.ports.Issuer`: makes a certificate here, by the project's own script."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        own = folder / SCRIPT.name
        self._script = own if own.exists() else IMAGE_ROOT / SCRIPT
        self._settings = settings

    def issue(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        """The folder's own pair, made anew; names that the present one has beside the settings' stay in it."""
        own, served = self._folder / CERTIFICATE, TlsFolder(self._folder).served()
        present = served[1].names if served is not None and served[0] == "self-signed" else ()
        wanted = dict.fromkeys((*typed_names(self._settings), *names, *present))
        make_self_signed(self._folder, self._script, ["--force", *wanted])
        return own.read_bytes(), (self._folder / KEY).read_bytes()
