"""Addresses that people can follow: where an alert's expression is shown, through this server's own door."""

from __future__ import annotations

from urllib.parse import urlsplit

PROMETHEUS_PATHS = ("/graph", "/query", "/classic/graph")
"""Where Prometheus shows an expression; its generator URLs lead to the first."""

OUR_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "prometheus"})
"""Names under which this system's Prometheus calls itself; none of them reaches it from a reader's machine."""


def reachable_generator(url: str, own_addresses: frozenset[str] = frozenset()) -> str | None:
    """The generator URL as a reader's browser reaches it: our Prometheus lies behind `/prometheus/`.

    `own_addresses` are further host:port under which it is known. An address of another Prometheus stays as it is;
    None when there is no address, or one of another scheme than HTTP.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    path = parts.path.removeprefix("/prometheus")
    is_ours = parts.hostname in OUR_NAMES or parts.netloc in own_addresses
    if not is_ours or path not in PROMETHEUS_PATHS:
        return url
    return f"/prometheus{path}" + (f"?{parts.query}" if parts.query else "")
