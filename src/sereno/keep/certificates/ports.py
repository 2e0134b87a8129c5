"""What renewing needs of the world, as Protocols; `sereno.outside` matches them by shape."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from sereno.keep.certificates.model import Kind


class Certificate(Protocol):
    """What a certificate says of itself."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def issuer(self) -> str: ...
    @property
    def serial(self) -> str: ...
    @property
    def renewal_id(self) -> str: ...


class Folder(Protocol):
    """Where certificate and key lie that are to be served."""

    def served(self) -> tuple[Kind, Certificate] | None:
        """Where they came from and what the certificate says; None while there is none."""
        ...

    def install(self, source: Kind, certificate: bytes, key: bytes) -> bool:
        """Make a pair the one that is to be served; False when it is already. Raises OSError."""
        ...


class Issuer(Protocol):
    """Gets a certificate: from an authority, or makes it here."""

    def issue(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        """Certificate with its chain and key, in PEM. Raises SerenoError, its `log_tail` what the issuer said."""
        ...


class Suggestion(Protocol):
    """When the authority wants a certificate renewed."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def explanation(self) -> str: ...
    @property
    def retry_after_seconds(self) -> float | None: ...


class Authority(Protocol):
    """The certificate authority's directory."""

    def suggestion(self, renewal_id: str) -> Suggestion | None:
        """When it wants that certificate renewed; None when it does not say. Raises Unavailable."""
        ...


class Server(Protocol):
    """The running Nginx."""

    def reload(self) -> None:
        """Have it take over what lies in the folder, where that is ours to ask for."""
        ...

    def fingerprint(self) -> str | None:
        """SHA-256 in hex of the certificate that it shows to who asks for the site; None when it shows none."""
        ...


class Store(Protocol):
    """Where the report is kept."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold the lock under which certificates are changed. Raises Conflict when someone else does."""
        ...

    def read(self) -> str:
        """The report's text; empty when there is none."""
        ...

    def write(self, text: str) -> None:
        """Put it there, whole, for everyone who reads it. Raises OSError."""
        ...
