"""Reading and writing the units that settings and pages use."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(r"(?P<number>\d+)(?P<unit>ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(text: str) -> timedelta:
    """Read a duration as Prometheus writes it (`15s`, `2m`, `1h30m`, `35d`).

    Raises ValueError for anything else.
    """
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise ValueError(f"{text!r} is no duration; write a number and a unit, such as 15s, 2m, 4h or 35d")
    return timedelta(seconds=sum(int(part["number"]) * _SECONDS[part["unit"]] for part in parts))


def format_bytes(count: float) -> str:
    """Write a number of bytes with a binary unit and one decimal at most: `512 MiB`, `1.9 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


_SPAN_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def format_span(span: timedelta, *, parts: int = 2) -> str:
    """Write how long something took in its `parts` largest units, cut off below: `2 min 5 s`, `1 h`, `3 d 4 h`.

    The symbols are the SI's, so English and Spanish read alike. A negative span is written as `0 s`.
    """
    left = max(0, int(span.total_seconds()))
    counts: list[tuple[int, str]] = []
    for symbol, seconds in _SPAN_UNITS:
        counts.append((left // seconds, symbol))
        left %= seconds
    first = next((index for index, (count, _symbol) in enumerate(counts) if count), len(counts) - 1)
    shown = [f"{count} {symbol}" for count, symbol in counts[first : first + parts] if count]
    return " ".join(shown) or "0 s"
