"""Certbot: gets a certificate from an ACME authority, by HTTP-01 through the running Nginx. A short-lived child."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sereno import __version__
from sereno.core.errors import SerenoError
from sereno.outside.certificate import check_pair
from sereno.settings.certificate import CertificateSection

LINEAGE = "sereno"
TIMEOUT_SECONDS = 150


class Certbot:
    """See `sereno.keep.certificates.ports.Issuer`. Its account, logs and copies lie in `folder`."""

    def __init__(self, folder: Path, *, webroot: Path, settings: CertificateSection, authority: Path) -> None:
        self._folder = folder
        self._webroot = webroot
        self._settings = settings
        self._authority = authority
        """By what the directory is trusted, when that file is there."""

    def issue(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        """A new certificate for all the names at once, and its key.

        Raises SerenoError; its `log_tail` is what Certbot said.
        """
        self._webroot.mkdir(parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            return self._issued(names)
        finally:
            self._forget()

    def _issued(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        self._forget()
        try:
            done = subprocess.run(
                self.command(names),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SerenoError(f"the authority gave no certificate within {TIMEOUT_SECONDS} s") from error
        except OSError as error:
            raise SerenoError(
                f"Certbot cannot be started: {error}", next_step="./sereno up installs it again"
            ) from error
        if done.returncode != 0:
            raise SerenoError("the authority gave no certificate", log_tail=done.stdout)
        live = self._folder / "config/live" / LINEAGE
        check_pair(live / "fullchain.pem", live / "privkey.pem", names=names)
        return (live / "fullchain.pem").read_bytes(), (live / "privkey.pem").read_bytes()

    def _forget(self) -> None:
        """Leave nothing of Certbot's but its account. The pair is kept elsewhere.

        It notes absolute paths, which lead nowhere once a home has been moved or restored on another machine.
        """
        for name in ("live", "archive", "renewal"):
            shutil.rmtree(self._folder / "config" / name, ignore_errors=True)

    def command(self, names: Sequence[str]) -> list[str]:
        """What is run. When to renew is our own decision, so Certbot is never asked for it."""
        own = self._settings
        key = ["--key-type", "rsa", "--rsa-key-size", "2048"] if own.key_type == "rsa" else [
            "--key-type", "ecdsa", "--elliptic-curve", "secp256r1"
        ]  # fmt: skip
        contact = ["--email", own.email, "--no-eff-email"] if own.email else ["--register-unsafely-without-email"]
        return [
            str(Path(sys.executable).with_name("certbot")),
            *("certonly", "--non-interactive", "--agree-tos", *contact),
            *("--server", own.directory, "--cert-name", LINEAGE, "--force-renewal"),
            *("--webroot", "--webroot-path", str(self._webroot), *key),
            *("--config-dir", str(self._folder / "config"), "--work-dir", str(self._folder / "work")),
            *("--logs-dir", str(self._folder / "logs"), "--max-log-backups", "5"),
            *("--user-agent-comment", f"sereno/{__version__}"),
            *(word for name in names for word in ("-d", name)),
        ]

    def _environment(self) -> dict[str, str]:
        trusted = {"REQUESTS_CA_BUNDLE": str(self._authority)} if self._authority.is_file() else {}
        return {**os.environ, **trusted}
