"""Looks at a running server as a client does: answers, headers, TLS versions, the certificate that is served."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import warnings
from dataclasses import dataclass
from typing import Any

import urllib3

from sereno.core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer: status, headers (any case), body."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON. Raises Unavailable when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Unavailable("the answer is not JSON") from error


class Inspector:
    """A client that follows no redirect and accepts this machine's own certificate."""

    def __init__(self) -> None:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._pool = urllib3.PoolManager(cert_reqs="CERT_NONE", timeout=5.0, retries=False)

    def ask(self, method: str, url: str, *, body: Any = None) -> Seen:
        """Any status is an answer. Raises Unavailable when there is none."""
        try:
            answer = self._pool.request(method, url, json=body, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"{url} does not answer ({error.__class__.__name__})") from error
        return Seen(answer.status, answer.headers, answer.data)

    @staticmethod
    def served_certificate(host: str, port: int) -> str | None:
        """The SHA-256 fingerprint of the certificate served there, or None when nothing is."""
        try:
            pem = ssl.get_server_certificate((host, port), timeout=5)
        except (OSError, ssl.SSLError):
            return None
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    @staticmethod
    def accepts_tls(host: str, port: int, version: ssl.TLSVersion) -> bool:
        """Whether a handshake at exactly `version` succeeds."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Old versions are asked for on purpose.
            context.minimum_version = context.maximum_version = version
        # OpenSSL 3 offers old versions only at security level 0; else the client would refuse, not the server.
        context.set_ciphers("ALL:@SECLEVEL=0")
        try:
            with (
                socket.create_connection((host, port), timeout=5) as raw,
                context.wrap_socket(raw, server_hostname=host),
            ):
                return True
        except (OSError, ssl.SSLError):
            return False
