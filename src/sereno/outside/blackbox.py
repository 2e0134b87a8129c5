"""blackbox-exporter as a neighbour: it is told that its file has changed."""

from __future__ import annotations

import urllib3

from sereno.core.errors import Unavailable


class BlackboxExporter:
    """Thread-safe; build it after forking."""

    def __init__(self, base_url: str, *, timeout_seconds: float = 3.0) -> None:
        self._url = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(
            num_pools=1, timeout=urllib3.Timeout(connect=1.0, read=timeout_seconds), retries=False
        )

    def reload(self) -> None:
        """Have it read its file again. Raises Unavailable when it does not answer or refuses the file."""
        try:
            answer = self._pool.request("POST", f"{self._url}/-/reload")
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"blackbox-exporter does not answer: {error.__class__.__name__}",
                next_step="look at ./sereno status and ./sereno logs blackbox-exporter",
            ) from error
        if answer.status != 200:
            raise Unavailable(f"blackbox-exporter refused its file: {answer.data[:300]!r}")
