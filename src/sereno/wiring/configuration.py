"""Configuration that several rooms write together: what `watch` knows, in the files of what `serve` runs."""

from __future__ import annotations

import yaml

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.component import Component
from sereno.serve.compose_file import compose_file
from sereno.serve.place import Place
from sereno.serve.render import HEADER, compose_place, render
from sereno.settings import Settings
from sereno.settings.example import render_example
from sereno.settings.load import EXAMPLE_NAME
from sereno.watch.dashboards import render_dashboards
from sereno.watch.inhibitions import render_inhibitions
from sereno.watch.provisioning import COMPOSE_DASHBOARDS, render_provisioning
from sereno.watch.rules import render_rules

COMPOSE_FILE = "docker/docker-compose.yml"
_FOLDERS = {"prometheus": "prometheus", "alertmanager": "alertmanager", "grafana": "grafana"}
"""Component → the repository's folder that stands for its folder of configuration."""


def shared_files(component: Component, place: Place) -> dict[str, str]:
    """The files of `component` that another room has a part in: name below its folder of configuration → text."""
    settings = place.settings
    if component.name == "prometheus":
        return {f"rules/{name}": text for name, text in render_rules(settings).items()}
    if component.name == "alertmanager":
        rules = yaml.safe_dump(render_inhibitions(settings), sort_keys=False, width=120)
        return {"alertmanager.yml": render("alertmanager/alertmanager.yml.j2", place, inhibitions=rules)}
    if component.name == "grafana":
        provisioning = render_provisioning(
            prometheus=place.address("prometheus"),
            alertmanager=place.address("alertmanager"),
            dashboards=str(place.config("grafana", "dashboards")) if place.native else COMPOSE_DASHBOARDS,
            scrape_interval=settings.prometheus.scrape_interval,
        )
        return {f"provisioning/{name}": text for name, text in provisioning.items()}
    return {}


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
        files |= {f"{folder}/{name}": text for name, text in shared_files(component, place).items()}
    return files | _dashboards(settings)


def _dashboards(settings: Settings) -> dict[str, str]:
    try:
        return {f"grafana/dashboards/{name}": text for name, text in render_dashboards(settings).items()}
    except ImportError:
        return {}
