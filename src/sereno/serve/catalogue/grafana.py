"""Grafana: the pictures for operators. Natively the rest runs without it where it can't be had."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.serve.component import Component, HttpHealth, NativeProgram, RenderedFile
from sereno.serve.compose_parts import RENDERED, SECRETS_VOLUME, published, wget
from sereno.serve.place import Place

CONFIGURATION = "/etc/grafana/sereno.ini"
"""In its container; not the image's own path, so that its process can be told from another Grafana's."""


def _argv(place: Place) -> list[str]:
    return [
        "/usr/share/grafana/bin/grafana",
        "server",
        "--homepath=/usr/share/grafana",
        f"--config={place.config('grafana', 'grafana.ini')}",
    ]


COMPONENT = Component(
    name="grafana",
    title=Text("Dashboards", "Tableros"),
    image="grafana/grafana:12.4.10",
    port=3000,
    idle_mb=180,
    limit_mb=300,
    health=HttpHealth("/api/health", command=wget(3000, "/api/health")),
    native=NativeProgram(
        program="grafana",
        package=None,
        units=("grafana-server.service",),
        argv=_argv,
        environment=lambda place: {"GOMEMLIMIT": "220MiB"},
    ),
    compose=lambda place: {
        "user": "472:0",
        "environment": {"GOMEMLIMIT": "220MiB", "GF_PATHS_CONFIG": CONFIGURATION},
        "volumes": [
            f"{RENDERED}/grafana/grafana.ini:{CONFIGURATION}:ro",
            f"{RENDERED}/grafana/provisioning:/etc/grafana/provisioning:ro",
            f"{RENDERED}/grafana/dashboards:/etc/grafana/dashboards:ro",
            "grafana-data:/var/lib/grafana",
            SECRETS_VOLUME,
        ],
        # For what its database sorts and its plugins' sockets; without it both fail in a read-only container.
        "tmpfs": ["/tmp"],  # noqa: S108 -- this container's own.
        "ports": [published(3000)],
        "networks": ["inside", "ops"],
    },
    container_processes=f" --config={CONFIGURATION} ",
    files=(RenderedFile("grafana/grafana.ini.j2", "grafana.ini", "grafana/grafana.ini"),),
    optional=True,
)
