"""Where a page may send its reader on: only to paths of this origin."""

from __future__ import annotations

from urllib.parse import urlsplit


def own_path(target: str | None, *, otherwise: str) -> str:
    """`target` when it is a plain path (and query) of this origin, else `otherwise`.

    Refused: other schemes and hosts, `//host`, backslashes (browsers read them as slashes) and control characters.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return otherwise
    if "\\" in target or any(ord(sign) < 33 or ord(sign) == 127 for sign in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target
