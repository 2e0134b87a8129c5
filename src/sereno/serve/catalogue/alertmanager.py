"""Alertmanager: groups what Prometheus says is wrong and tells the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sereno.core.text import Text
from sereno.serve.allocator import go_runtime
from sereno.serve.component import Component, HttpHealth, MetricsEndpoint, NativeProgram, RenderedFile
from sereno.serve.compose_parts import RENDERED, SECRETS_VOLUME, published, wget
from sereno.serve.place import Place


def _flags(place: Place, *, config: str, data: str, listen: str) -> list[str]:
    return [
        f"--config.file={config}",
        f"--storage.path={data}",
        f"--web.listen-address={listen}",
        f"--web.external-url=http://localhost:{place.ports['alertmanager']}",
        # Empty: there is no cluster, and the default would open port 9094 to the world.
        "--cluster.listen-address=",
    ]


def _argv(place: Place) -> list[str]:
    return [
        "/usr/bin/prometheus-alertmanager",
        *_flags(
            place,
            config=str(place.config("alertmanager", "alertmanager.yml")),
            data=str(place.data("alertmanager")),
            listen=f"127.0.0.1:{place.ports['alertmanager']}",
        ),
    ]


def _compose(place: Place) -> Mapping[str, Any]:
    return {
        "command": _flags(
            place, config="/etc/alertmanager/alertmanager.yml", data="/alertmanager", listen="0.0.0.0:9093"
        ),
        "user": "65534:65534",
        "environment": go_runtime(48),
        "volumes": [f"{RENDERED}/alertmanager:/etc/alertmanager:ro", "alertmanager-data:/alertmanager", SECRETS_VOLUME],
        "ports": [published(9093)],
        "networks": ["inside", "ops"],
    }


COMPONENT = Component(
    name="alertmanager",
    title=Text("Alert dispatch", "Envío de alertas"),
    image="prom/alertmanager:v0.34.1",
    port=9093,
    idle_mb=33,
    limit_mb=64,
    health=HttpHealth("/-/ready", command=wget(9093, "/-/ready")),
    native=NativeProgram(
        program="prometheus-alertmanager",
        package="prometheus-alertmanager",
        units=("prometheus-alertmanager.service",),
        argv=_argv,
        environment=lambda place: go_runtime(48),
        check=lambda place: ["/usr/bin/amtool", "check-config", str(place.config("alertmanager", "alertmanager.yml"))],
        reload_signal="HUP",
        reload_metric="alertmanager_config_last_reload_success_timestamp_seconds",
    ),
    compose=_compose,
    metrics=MetricsEndpoint("alertmanager"),
    files=(RenderedFile("alertmanager/alertmanager.yml.j2", "alertmanager.yml", "alertmanager/alertmanager.yml"),),
)
