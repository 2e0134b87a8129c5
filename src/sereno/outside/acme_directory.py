"""A certificate authority's ACME directory: what time it has, and when it wants a certificate renewed (RFC 9773)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import urllib3

from sereno import __version__
from sereno.core.clock import parse_rfc3339
from sereno.core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Suggestion:
    """See `sereno.keep.certificates.ports.Suggestion`."""

    start: datetime
    end: datetime
    explanation: str
    retry_after_seconds: float | None


class AcmeDirectory:
    """One authority's directory; `trusted` is by what it is trusted, when that file is there."""

    def __init__(self, address: str, trusted: Path | None = None, *, timeout_seconds: float = 10.0) -> None:
        self._address = address
        own = trusted if trusted is not None and trusted.is_file() else None
        self._pool = urllib3.PoolManager(
            timeout=timeout_seconds,
            retries=urllib3.Retry(total=0, redirect=2),
            ca_certs=str(own) if own else None,
            headers={"User-Agent": f"sereno/{__version__}"},
        )

    def suggestion(self, renewal_id: str) -> Suggestion | None:
        """The window for the certificate of that identifier; None where the authority offers none.

        Raises Unavailable when it does not answer, or with something else.
        """
        base = self._read(self._ask(self._address)).get("renewalInfo")
        if not base:
            return None
        answer = self._ask(f"{base}/{renewal_id}")
        if answer.status == 404:
            return None  # It does not know this certificate: another's, or older than its memory.
        found = self._read(answer)
        try:
            window = found["suggestedWindow"]
            start, end = parse_rfc3339(window["start"]), parse_rfc3339(window["end"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"{self._address} gave a window that cannot be read") from error
        if end < start:
            raise Unavailable(f"{self._address} gave a window that ends before it begins")
        return Suggestion(start, end, str(found.get("explanationURL", "")), _seconds(answer))

    def time(self) -> datetime:
        """The authority's clock, by the header Date. Raises Unavailable when there is none."""
        try:
            said = parsedate_to_datetime(self._ask(self._address).headers["Date"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"{self._address} does not say what time it is") from error
        return said.astimezone(UTC)

    def _ask(self, url: str) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request("GET", url)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"{url} does not answer: {error.__class__.__name__}") from error

    def _read(self, answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
        if answer.status != 200:
            raise Unavailable(f"{self._address} answered {answer.status}")
        try:
            found = json.loads(answer.data)
        except ValueError as error:
            raise Unavailable(f"{self._address} answered with something that is not JSON") from error
        if not isinstance(found, dict):
            raise Unavailable(f"{self._address} answered with something unexpected")
        return found


def _seconds(answer: urllib3.BaseHTTPResponse) -> float | None:
    try:
        return float(answer.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
