"""What probes need of the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sereno.watch.probes.judge import Found, Inside


class Lookup(Protocol):
    """Finds names, as this machine finds them."""

    def found(self, host: str) -> Sequence[Found]:
        """The addresses of `host`, a name or an address itself; empty when it is not found in time."""
        ...

    def inside(self) -> Inside:
        """What is the stack's own now."""
        ...

    def may_ping(self) -> bool:
        """Whether blackbox-exporter may send pings."""
        ...


class Exporter(Protocol):
    """blackbox-exporter."""

    def reload(self) -> None:
        """Have it read its file again. Raises Unavailable when it does not answer or refuses the file."""
        ...
