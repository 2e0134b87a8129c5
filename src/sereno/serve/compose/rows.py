"""A row of `./sereno status` out of what the engine tells of a component's container."""

from __future__ import annotations

from collections.abc import Mapping

from sereno.serve.component import Component
from sereno.serve.compose.health import health_of
from sereno.serve.compose.ports import Container
from sereno.serve.compose.watch import Watch
from sereno.serve.platforms import ComponentStatus

_ADDRESSES = {"nginx": "https://localhost:{https}", "grafana": "http://localhost:3000",
              "prometheus": "http://localhost:9090", "alertmanager": "http://localhost:9093",
              "node-exporter": "http://localhost:9100"}  # fmt: skip


def row(
    component: Component,
    containers: Mapping[str, Container],
    memory: Mapping[str, int],
    *,
    watch: Watch,
    https_port: int,
) -> ComponentStatus:
    """The row; `memory` is service → bytes in use. What the engine does not call healthy yet is asked by `watch`."""
    container = containers.get(component.name)
    health = health_of(container)
    wrong = watch.what_is_wrong(component, containers)
    if health in ("starting", "unhealthy", "healthy") and container is not None and container.state == "running":
        health = "healthy" if wrong is None else "starting" if health == "starting" else "unhealthy"
    return ComponentStatus(
        name=component.name,
        health=health,
        since=container.since if container else None,
        restarts=container.restarts if container else 0,
        memory_bytes=memory.get(component.name),
        memory_limit_bytes=container.memory_limit if container else component.limit_mb * 1024 * 1024,
        version=container.image.rpartition(":")[2] if container else "",
        url=_ADDRESSES.get(component.name, "").format(https=https_port),
        detail=wrong or "",
        died_at=container.ended if container and container.restarts else None,
    )
