"""The certificate that Nginx shows, seen as a client sees it, and how Nginx is made to take over another.

Only the standard library: the worker looks every half minute and needs no more than a fingerprint for that.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import ssl
from pathlib import Path

TIMEOUT_SECONDS = 5.0


class NginxServer:
    """See `sereno.keep.certificates.ports.Server`. `pid_file` is None where Nginx looks for itself (Compose)."""

    def __init__(self, address: str, name: str, pid_file: Path | None) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._name = name
        self._pid_file = pid_file

    def reload(self) -> None:
        """A signal to its first process; what is wrong with its files keeps the old ones in use."""
        pid = self._pid()
        if pid is not None:
            os.kill(pid, signal.SIGHUP)

    def fingerprint(self) -> str | None:
        """What is shown to who asks for the site by its name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # Which one it is, is the question; not whether to trust it.
        try:
            with (
                socket.create_connection(self._address, TIMEOUT_SECONDS) as raw,
                context.wrap_socket(raw, server_hostname=self._name or None) as secured,
            ):
                shown = secured.getpeercert(binary_form=True)
        except (OSError, ValueError):
            return None
        return hashlib.sha256(shown).hexdigest() if shown else None

    def _pid(self) -> int | None:
        """Nginx's first process, if the number in its file is still Nginx's."""
        if self._pid_file is None:
            return None
        try:
            pid = int(self._pid_file.read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return None
        return pid if command == "nginx" else None


def fingerprint_in(file: Path) -> str | None:
    """SHA-256 in hex of the first certificate of a PEM file; None when there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    try:
        text = file.read_text(encoding="ascii")
        first = text[text.index(begin) : text.index(end) + len(end)]
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()
    except (OSError, ValueError):
        return None
