"""What Grafana is told before it starts: where the measurements are, and where the dashboards lie. Pure."""

from __future__ import annotations

from typing import Any

import yaml

_HEADER = "# Written by ./sereno render; what is changed here is lost. Add files of your own beside this one.\n"
DATASOURCE_UID = "sereno-prometheus"
COMPOSE_DASHBOARDS = "/etc/grafana/dashboards"
"""Where the container finds `grafana/dashboards/`."""


def render_provisioning(*, prometheus: str, alertmanager: str, dashboards: str, scrape_interval: str) -> dict[str, str]:
    """Path below `provisioning/` → YAML.

    `prometheus` and `alertmanager` are host:port as Grafana reaches them, `dashboards` is the folder of the rendered
    dashboards as Grafana sees it. `scrape_interval` is what Grafana's `$__rate_interval` is computed from.
    """
    return {
        "datasources/sereno.yml": _written(_datasources(prometheus, alertmanager, scrape_interval)),
        "dashboards/sereno.yml": _written(_dashboards(dashboards)),
    }


def _datasources(prometheus: str, alertmanager: str, scrape_interval: str) -> dict[str, Any]:
    shared = {"access": "proxy", "editable": False}
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": DATASOURCE_UID,
                "type": "prometheus",
                "url": f"http://{prometheus}",
                "isDefault": True,
                **shared,
                "jsonData": {"httpMethod": "POST", "timeInterval": scrape_interval, "prometheusType": "Prometheus"},
            },
            {
                "name": "Alertmanager",
                "uid": "sereno-alertmanager",
                "type": "alertmanager",
                "url": f"http://{alertmanager}",
                **shared,
                "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
            },
        ],
    }


def _dashboards(folder: str) -> dict[str, Any]:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "sereno",
                "folder": "Sereno",
                "type": "file",
                "disableDeletion": True,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": folder},
            }
        ],
    }


def _written(content: dict[str, Any]) -> str:
    return _HEADER + yaml.safe_dump(content, sort_keys=False, default_flow_style=False)
