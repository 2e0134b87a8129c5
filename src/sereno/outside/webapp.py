"""The desk's webapp as its own worker sees it: where the status page's copies come from."""

from __future__ import annotations

from sereno.core.errors import Unavailable
from sereno.outside.http import JsonClient


class WebappClient:
    """Asks the webapp directly, not through Nginx."""

    def __init__(self, base_url: str) -> None:
        self._http = JsonClient("webapp", base_url, timeout_seconds=5.0)

    def status_copy(self, language: str) -> str:
        """The status page in `language` as it is to be shown while the desk does not answer.

        Raises Unavailable when the webapp does not answer, or has nothing better than the copy that is there.
        """
        return self._http.text(f"/_gate/copy/{language}")

    def is_ready(self) -> bool:
        """Whether the desk can do its work now."""
        try:
            self._http.text("/readyz")
        except Unavailable:
            return False
        return True
