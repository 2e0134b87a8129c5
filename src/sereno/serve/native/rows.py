"""What `status` shows of each component, put together from what Supervisor, the machine and the component say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sereno.serve.component import Component
from sereno.serve.native.ends import End
from sereno.serve.native.programs import Versions, is_installed
from sereno.serve.native.pulse import Pulse
from sereno.serve.place import Place
from sereno.serve.platforms import ComponentStatus, Health
from sereno.serve.ports import Processes

SUPERVISOR = "supervisor"
SUPERVISOR_LIMIT_MB = 40


def component_row(
    component: Component,
    place: Place,
    info: Mapping[str, object] | None,
    restarts: int,
    end: End | None,
    *,
    pulse: Pulse,
    processes: Processes,
    versions: Versions,
) -> ComponentStatus:
    """The row of one component; `info` is what Supervisor knows of it, None for nothing, and `end` its last end."""
    if not is_installed(component, place):
        return ComponentStatus(component.name, "absent", detail="not installed")
    version = versions.of(component, place)
    if info is None:
        return ComponentStatus(component.name, "stopped", version=version, detail="not running")
    state, pid = str(info["statename"]), int(str(info["pid"]))
    health: Health = "stopped"
    detail = str(info.get("spawnerr") or "")
    if state in ("RUNNING", "STARTING", "BACKOFF"):
        wrong = pulse.what_is_wrong(component, place)
        health = "healthy" if wrong is None else "unhealthy"
        detail = detail or wrong or ""
    began = int(str(info["start"] if state in ("RUNNING", "STARTING") else info["stop"]))
    return ComponentStatus(
        name=component.name,
        health=health,
        since=datetime.fromtimestamp(began, UTC) if began else None,
        restarts=restarts,
        memory_bytes=processes.memory_bytes([pid]) if pid else None,
        memory_limit_bytes=component.limit_mb * 1_000_000,
        version=version,
        url=address(component, place),
        detail=detail,
        died_at=end.at if end else None,
        died_of=end.how if end else "",
    )


def orphan_row(row: ComponentStatus) -> ComponentStatus:
    """The row of a component that runs on although its Supervisor has been killed."""
    return replace(row, health="unhealthy", detail="it runs, but its supervisor has died: ./sereno up starts both anew")


def supervisor_row(pids: Sequence[int], version: str, processes: Processes) -> ComponentStatus:
    """The row of Supervisor itself with its listener, which nobody asked for but which takes memory too."""
    return ComponentStatus(
        name=SUPERVISOR,
        health="healthy",
        memory_bytes=processes.memory_bytes(pids, descendants=False),
        memory_limit_bytes=SUPERVISOR_LIMIT_MB * 1_000_000,
        version=version,
    )


def address(component: Component, place: Place) -> str:
    """Where a person on this machine finds the component; empty for what speaks no HTTP."""
    if component.name == "mysql":
        return ""
    scheme, usual = ("https", 443) if component.name == "nginx" else ("http", 80)
    port = place.ports[component.name]
    return f"{scheme}://localhost{'' if port == usual else f':{port}'}"
