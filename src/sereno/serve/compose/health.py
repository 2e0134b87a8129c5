"""What a container's state means. Pure."""

from __future__ import annotations

from sereno.core.units import format_bytes
from sereno.serve.component import Component
from sereno.serve.compose.ports import Container
from sereno.serve.platforms import Health

CRASHES = 5
"""After so many unasked-for restarts of one `up` nobody waits any longer."""


def health_of(container: Container | None) -> Health:
    """By the engine's words alone. A container without a check of its own counts as healthy while it runs."""
    if container is None:
        return "absent"
    if container.state == "running":
        if container.health in ("healthy", ""):
            return "healthy"
        return "starting" if container.health == "starting" else "unhealthy"
    return "unhealthy" if container.state in ("restarting", "dead") else "stopped"


def words_for(component: Component, container: Container | None) -> str:
    """Why a component is not healthy, in words; empty when its container runs."""
    if container is None:
        return "there is no container of it"
    if container.out_of_memory:
        limit = format_bytes(component.limit_mb * 1024 * 1024)
        return f"it was killed because it needed more memory than its limit ({limit})"
    if container.state == "running":
        return "" if container.health in ("healthy", "") else f"its health check says {container.health}"
    if container.state == "restarting":
        return f"it ends again and again (exit code {container.exit_code}, {container.restarts} restarts)"
    return f"it has ended with exit code {container.exit_code}" if container.state == "exited" else container.state
