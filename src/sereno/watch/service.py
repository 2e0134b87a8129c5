"""What watch can do: read the system's present state and its recent past from Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sereno.watch.model import Consumer, HostHistory, Overview, Window


class Readings(Protocol):
    """What the status page and the operators' pages are built from."""

    def overview(self, components: Sequence[str]) -> Overview:
        """The state now. Never raises for a Prometheus that is away: `Overview.problem` says so instead."""
        ...

    def history(self, window: Window) -> tuple[HostHistory, ...]:
        """The charts of every watched machine. Raises Unavailable when Prometheus does not answer."""
        ...

    def top_consumers(self, limit: int = 5) -> tuple[Consumer, ...]:
        """The components that take most now, busiest first. Raises Unavailable when Prometheus does not answer."""
        ...
