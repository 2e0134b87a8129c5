"""How much memory the whole system may take when it is idle. Pure; see docs/measurements.md for what it takes."""

from __future__ import annotations

from collections.abc import Sequence

from sereno.serve.platforms import ComponentStatus

NATIVE_MB = 380
COMPOSE_MB = 800
"""With MySQL and Grafana, in the profile `standard`."""
GRAFANA_MB = 180
MYSQL_OVER_MARIADB_MB = 160


def idle_goal_mb(platform: str, profile: str, *, grafana: bool) -> int:
    """The goal for idle memory (proportional set size) in MB, with or without Grafana."""
    if platform == "native":
        return NATIVE_MB + (GRAFANA_MB if grafana else 0)
    goal = COMPOSE_MB - (MYSQL_OVER_MARIADB_MB if profile == "small" else 0)
    return goal - (0 if grafana else GRAFANA_MB)


def memory_line(rows: Sequence[ComponentStatus], platform: str, profile: str) -> str:
    """What all take together beside the goal, in words; empty while nothing runs."""
    known = [row.memory_bytes for row in rows if row.memory_bytes is not None]
    if not known:
        return ""
    grafana = any(row.name == "grafana" and row.memory_bytes is not None for row in rows)
    unknown = [row.name for row in rows if row.health == "healthy" and row.memory_bytes is None]
    missing = f", not counting {', '.join(unknown)}, which this user may not measure" if unknown else ""
    goal = idle_goal_mb(platform, profile, grafana=grafana)
    return (
        f"memory: {sum(known) / 1e6:.0f} MB in all{missing}; the goal when idle is {goal} MB "
        f"({platform}, profile {profile}, {'with' if grafana else 'without'} Grafana)"
    )
