"""Every configuration file of a component: what `serve` renders and what `watch` knows, together."""

from __future__ import annotations

import yaml

from sereno.serve.component import Component
from sereno.serve.place import Place
from sereno.serve.render import render_component
from sereno.watch.inhibitions import inhibitions
from sereno.watch.provisioning import COMPOSE_DASHBOARDS, render_provisioning
from sereno.watch.rules import render_rules


def files_of(component: Component, place: Place) -> dict[str, str]:
    """Name below the component's folder → text."""
    return render_component(component, place, inhibitions=inhibition_rules(place)) | _of_watch(component, place)


def inhibition_rules(place: Place) -> str:
    """The list below `inhibit_rules:` in `alertmanager.yml`, indented."""
    rules = [rule.written() for rule in inhibitions(place.settings)]
    text = yaml.safe_dump(rules, sort_keys=False, default_flow_style=False, width=200)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _of_watch(component: Component, place: Place) -> dict[str, str]:
    if component.name == "prometheus":
        return {f"rules/{name}": text for name, text in render_rules(place.settings).items()}
    if component.name == "grafana":
        provisioned = render_provisioning(
            prometheus=place.address("prometheus"),
            alertmanager=place.address("alertmanager"),
            dashboards=str(place.config("grafana", "dashboards")) if place.native else COMPOSE_DASHBOARDS,
            scrape_interval=place.settings.prometheus.scrape_interval,
        )
        return {f"provisioning/{name}": text for name, text in provisioned.items()}
    return {}
