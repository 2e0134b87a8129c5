"""The dashboards, as values; `render_dashboards` writes them as Grafana reads them."""

from __future__ import annotations

from sereno.settings import Settings
from sereno.watch.dashboards.components import components
from sereno.watch.dashboards.model import Dashboard
from sereno.watch.dashboards.service import service
from sereno.watch.dashboards.system import system
from sereno.watch.dashboards.web_application import web_application

__all__ = ["Dashboard", "dashboards", "render_dashboards"]


def dashboards(settings: Settings) -> tuple[Dashboard, ...]:
    """Every dashboard."""
    return system(settings), web_application(), components(), service()


def render_dashboards(settings: Settings) -> dict[str, str]:
    """File name → JSON of every file in `grafana/dashboards/`; the same on every platform.

    Raises ImportError without the optional dependency `render` (Grafana's Foundation SDK).
    """
    from sereno.watch.dashboards.build import to_json

    return {f"{dashboard.name}.json": to_json(dashboard) for dashboard in dashboards(settings)}
