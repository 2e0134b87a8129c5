"""What the room `watch` writes for the components that serve runs: rules, probes, inhibitions, provisioning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sereno.serve.component import Component
from sereno.serve.place import Place
from sereno.serve.render import render
from sereno.watch.inhibitions import render_inhibitions
from sereno.watch.probes import settings_probes
from sereno.watch.probes.modules import MODULES_FILE, modules, render_modules, with_kept
from sereno.watch.probes.targets import render_targets
from sereno.watch.provisioning import COMPOSE_DASHBOARDS, render_provisioning
from sereno.watch.rules import render_rules


def configuration_beside(present: Path) -> Callable[[Component, Place], dict[str, str]]:
    """As `configuration_of`, keeping in blackbox-exporter's file at `present` what the worker has put there."""

    def configuration(component: Component, place: Place) -> dict[str, str]:
        files = configuration_of(component, place)
        if MODULES_FILE in files and present.is_file():
            files[MODULES_FILE] = with_kept(files[MODULES_FILE], present.read_text(encoding="utf-8", errors="replace"))
        return files

    return configuration


def configuration_of(component: Component, place: Place) -> dict[str, str]:
    """Further files of `component` at `place`: name below its folder → text. A name that a template also makes wins."""
    settings = place.settings
    probes = settings_probes(settings, nginx=place.address("nginx"), inside=place.address("nginx-status"))
    if component.name == "prometheus":
        text = render("prometheus/prometheus.yml.j2", place, component=component, probes=render_targets(probes))
        return {"prometheus.yml": text} | {f"rules/{name}": text for name, text in render_rules(settings).items()}
    if component.name == "blackbox-exporter":
        return {MODULES_FILE: render_modules(modules(probes))}
    if component.name == "alertmanager":
        template = "alertmanager/alertmanager.yml.j2"
        text = render(template, place, component=component, inhibitions=render_inhibitions(settings))
        return {"alertmanager.yml": text}
    if component.name == "grafana":
        files = render_provisioning(
            prometheus=place.address("prometheus"),
            alertmanager=place.address("alertmanager"),
            dashboards=str(place.config("grafana", "dashboards")) if place.native else COMPOSE_DASHBOARDS,
            scrape_interval=settings.prometheus.scrape_interval,
        )
        return {f"provisioning/{name}": text for name, text in files.items()}
    return {}
