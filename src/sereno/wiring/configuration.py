"""Configuration that several rooms write together: what `watch` knows, in the files of what `serve` runs."""

from __future__ import annotations

from pathlib import Path

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.compose_file import compose_file
from sereno.serve.render import HEADER, compose_place, render
from sereno.settings import Settings
from sereno.settings.example import render_example
from sereno.settings.load import EXAMPLE_NAME
from sereno.watch.dashboards import render_dashboards
from sereno.wiring.watched import configuration_of

COMPOSE_FILE = "docker/docker-compose.yml"
_FOLDERS = {"prometheus": "prometheus", "alertmanager": "alertmanager", "grafana": "grafana",
            "blackbox-exporter": "docker/blackbox-exporter"}  # fmt: skip
"""Component → the repository's folder that stands for its folder of configuration."""


def repository_files(settings: Settings) -> dict[str, str]:
    """Every rendered file that lies in the repository: its path → its text, for Compose and these settings.

    Dashboards are left out where Grafana's SDK is not installed: a server uses those that are checked in.
    """
    place = compose_place(settings)
    files = {COMPOSE_FILE: compose_file(place, HEADER), EXAMPLE_NAME: render_example()}
    for component in CATALOGUE:
        for file in component.files:
            if file.repository_path is not None:
                files[file.repository_path] = render(file.template, place, component=component)
        folder = _FOLDERS.get(component.name)
        files |= {f"{folder}/{name}": text for name, text in configuration_of(component, place).items()}
    return files | _dashboards(settings)


def mounted_files(settings: Settings, root: Path) -> dict[str, str]:
    """Those of `repository_files` that containers have mounted, whole: dashboards as they are checked in if need be."""
    checked_in = {
        f"grafana/dashboards/{file.name}": file.read_text(encoding="utf-8")
        for file in (root / "grafana/dashboards").glob("*.json")
    }
    files = checked_in | repository_files(settings)
    return {path: text for path, text in files.items() if path not in (COMPOSE_FILE, EXAMPLE_NAME)}


def _dashboards(settings: Settings) -> dict[str, str]:
    try:
        return {f"grafana/dashboards/{name}": text for name, text in render_dashboards(settings).items()}
    except ImportError:
        return {}
