"""HTTP to neighbours on this machine: one pool, short time-outs, errors in Sereno's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from sereno.core import trace
from sereno.core.errors import Unavailable


class JsonClient:
    """Asks one neighbour, named for messages. Thread-safe; build it after forking."""

    def __init__(self, name: str, base_url: str, *, timeout_seconds: float = 2.0) -> None:
        self.name = name
        self._base = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=4,
            timeout=urllib3.Timeout(connect=1.0, read=timeout_seconds),
            retries=urllib3.Retry(total=0, redirect=0),
        )

    def get(self, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """The decoded body of a 2xx answer to GET `path` with the query `fields`.

        Raises Unavailable when the neighbour does not answer, answers otherwise, or not with JSON.
        """
        return self._decoded(path, self.text(path, fields))

    def text(self, path: str, fields: Mapping[str, str] | None = None) -> str:
        """The same as text. Raises Unavailable when the neighbour does not answer, or answers otherwise."""
        return self._asked("GET", path, fields=dict(fields or {}))

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Have something changed, with `body` as JSON; the decoded answer, None for an empty one.

        Raises Unavailable as `get` does. It is not tried again: whether it was done is not known then.
        """
        answer = self._asked(method, path, **({} if body is None else {"json": body}))
        return self._decoded(path, answer) if answer else None

    def _decoded(self, path: str, body: str) -> Any:
        try:
            return json.loads(body)
        except json.JSONDecodeError as error:
            raise Unavailable(f"{self.name} answered {path} with something that is not JSON") from error

    def _asked(self, method: str, path: str, **content: Any) -> str:
        try:
            response = self._pool.request(method, self._base + path, headers=_trace_headers(), **content)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"{self.name} does not answer: {error.__class__.__name__}",
                next_step=f"look at ./sereno status and ./sereno logs {self.name}",
            ) from error
        if response.status // 100 != 2:
            raise Unavailable(f"{self.name} answered {response.status} to {path}: {response.data[:200]!r}")
        try:
            return response.data.decode()
        except UnicodeDecodeError as error:
            raise Unavailable(f"{self.name} answered {path} with something that is not text") from error


def _trace_headers() -> dict[str, str]:
    """Lets the neighbour's log be tied to the request that we answer."""
    present = trace.current.get()
    return {trace.HEADER: present.header()} if present else {}
