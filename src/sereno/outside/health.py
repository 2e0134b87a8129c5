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
        try:
            response = self._pool.request("GET", url, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return f"{url} does not answer ({error.__class__.__name__})"
        return None if response.status == 200 else f"{url} answers {response.status}"
