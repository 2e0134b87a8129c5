"""What the room `watch` writes for the components that serve runs: alert rules, inhibitions, Grafana's provisioning."""

from __future__ import annotations

from sereno.serve.component import Component
from sereno.serve.place import Place
from sereno.serve.render import render
from sereno.watch.inhibitions import render_inhibitions
from sereno.watch.provisioning import COMPOSE_DASHBOARDS, render_provisioning
from sereno.watch.rules import render_rules


def configuration_of(component: Component, place: Place) -> dict[str, str]:
    """Further files of `component` at `place`: name below its folder → text. A name that a template also makes wins."""
    settings = place.settings
    if component.name == "prometheus":
        return {f"rules/{name}": text for name, text in render_rules(settings).items()}
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
