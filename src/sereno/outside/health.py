"""Asks a server on this machine whether it is healthy."""

from __future__ import annotations

import urllib3


class Health:
    """See `sereno.serve.ports.Health`. The certificate is this machine's own, so it is not checked here."""

    def __init__(self) -> None:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._pool = urllib3.PoolManager(cert_reqs="CERT_NONE", timeout=2.0, retries=False)

    def http(self, url: str) -> str | None:
        """None when a GET of `url` answers 200, else what was wrong, in words."""
        status, text = self.read(url)
        if status == 0:
            return text
        return None if status == 200 else f"{url} answers {status}"

    def read(self, url: str) -> tuple[int, str]:
        """Status and text that a GET of `url` answers; 0 and what was wrong, in words, where nothing answers."""
        try:
            response = self._pool.request("GET", url, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return 0, f"{url} does not answer ({error.__class__.__name__})"
        return response.status, response.data.decode(errors="replace")
