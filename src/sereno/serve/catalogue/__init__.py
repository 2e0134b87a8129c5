"""Everything that runs, in the order in which it starts."""

from __future__ import annotations

from collections.abc import Mapping

from sereno.serve.catalogue import alertmanager, desk, exporters, grafana, mysql, nginx, prometheus
from sereno.serve.component import Component

CATALOGUE: tuple[Component, ...] = (
    mysql.COMPONENT,
    desk.WEBAPP,
    desk.WORKER,
    nginx.COMPONENT,
    prometheus.COMPONENT,
    exporters.NODE_EXPORTER,
    alertmanager.COMPONENT,
    grafana.COMPONENT,
    exporters.MYSQLD_EXPORTER,
    exporters.NGINX_EXPORTER,
    exporters.BLACKBOX_EXPORTER,
    exporters.PROCESS_EXPORTER,
)

NGINX_STATUS_PORT = 8081
"""Nginx's own counters, for nginx-exporter alone."""


BY_NAME: Mapping[str, Component] = {each.name: each for each in CATALOGUE}


def default_ports() -> Mapping[str, int]:
    """Component (and Nginx's two further listeners) → its usual port."""
    return {each.name: each.port for each in CATALOGUE} | {"nginx-http": 8080, "nginx-status": NGINX_STATUS_PORT}
