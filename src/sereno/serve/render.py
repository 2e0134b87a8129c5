"""Turns components and a place into the text of configuration files. Pure: nothing is read or written but templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sereno.core.units import parse_duration
from sereno.serve.catalogue import CATALOGUE, default_ports
from sereno.serve.component import Component
from sereno.serve.compose_parts import NODE_EXPORTER_INNER_PORT
from sereno.serve.fronts import domains, fronts
from sereno.serve.own_processes import own_processes
from sereno.serve.place import Place
from sereno.settings import Settings

HEADER = "Written by ./sereno render from the catalogue; changes made here are lost."

FALLBACK_ALERTS = (
    # The desk and its clock: who would have told of it.
    ['alertname="InstanceDown"', 'job="webapp"'],
    # What the desk cannot do without, or what keeps its word from coming here.
    ['alertname=~"MysqlDown|NginxDown|DeskUnreachable|WorkerJobOverdue|AlertmanagerDeliveriesFailing"'],
)
"""Matchers of the alerts that Alertmanager tells by itself (`[notify] fallback_email`, `fallback_webhook`)."""

_TEMPLATES = Environment(
    loader=PackageLoader("sereno.serve", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- configuration files, not pages.
)


def compose_place(settings: Settings | None = None) -> Place:
    """Where everything is in Compose: neighbours by the service's name, on their usual ports."""
    ports = dict(default_ports()) | {"node-exporter": NODE_EXPORTER_INNER_PORT}
    hosts = {name: name for name in ports} | {"nginx-http": "nginx", "nginx-status": "nginx"}
    return Place(
        platform="compose",
        profile="standard",
        settings=settings or Settings(),
        home=PurePosixPath("/"),
        hosts=hosts,
        ports=ports,
        # Alpine's since 3.22; the image of Nginx 1.28 already had it.
        openssl=(3, 5),
    )


def render(template: str, place: Place, **more: Any) -> str:
    """The text of `template` (its path below `templates/`) at `place`."""
    return _TEMPLATES.get_template(template).render(
        place=place,
        settings=place.settings,
        components=CATALOGUE,
        jobs=scrape_jobs(),
        fronts=fronts(place.settings),
        domains=domains(place.settings),
        own_processes=own_processes(place),
        scrape_timeout=_scrape_timeout(place.settings.prometheus.scrape_interval),
        header=HEADER,
        fallback_alerts=FALLBACK_ALERTS,
        **({"inhibitions": "", "probes": ""} | more),
    )


def render_component(component: Component, place: Place, **more: Any) -> dict[str, str]:
    """Every file that a component reads natively: its name below the component's folder → its text."""
    return {
        file.name: render(file.template, place, component=component, **more)
        for file in component.files
        if file.name is not None
    }


def scrape_jobs() -> list[tuple[str, list[Component]]]:
    """Prometheus's jobs in the catalogue's order, each with the components that it scrapes."""
    jobs: dict[str, list[Component]] = {}
    for component in CATALOGUE:
        if component.metrics is not None:
            jobs.setdefault(component.metrics.job, []).append(component)
    return list(jobs.items())


def _scrape_timeout(interval: str) -> str:
    """Ten seconds, but never longer than the interval, which Prometheus refuses."""
    return min("10s", interval, key=parse_duration)


def users_sql(place: Place, passwords: Mapping[str, str]) -> str:
    """The statements that make the database's users, one on each line, harmless to run again.

    `passwords` maps the names of secrets to their text; they are letters and digits, so nothing needs quoting.
    """
    return render("mysql/users.sql.j2", place, passwords=passwords, client="127.0.0.1" if place.native else "%")


def exporter_options(place: Place, passwords: Mapping[str, str]) -> str:
    """The options file by which mysqld-exporter signs in to the database."""
    return (
        f"[client]\nuser = sereno_exporter\npassword = {passwords['mysql-exporter-password']}\n"
        f"host = {place.hosts['mysql']}\nport = {place.ports['mysql']}\n"
    )
