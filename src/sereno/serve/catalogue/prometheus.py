"""Prometheus: asks every target, keeps what they answer, evaluates the alert rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sereno.core.text import Text
from sereno.serve.allocator import go_runtime
from sereno.serve.component import Component, HttpHealth, MetricsEndpoint, NativeProgram, RenderedFile
from sereno.serve.compose_parts import OPS_GATEWAY, RENDERED, RETENTION, RETENTION_SIZE, SECRETS_VOLUME, published, wget
from sereno.serve.place import Place

NOBODY = "65534:65534"


def _flags(place: Place, *, config: str, data: str, listen: str) -> list[str]:
    prometheus = place.settings.prometheus
    return [
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--storage.tsdb.retention.time={prometheus.retention if place.native else RETENTION}",
        f"--storage.tsdb.retention.size={prometheus.retention_size if place.native else RETENTION_SIZE}",
        f"--web.listen-address={listen}",
        # Without a path, so that http://localhost:9090/ and its API stay where everyone expects them.
        f"--web.external-url=http://localhost:{place.ports['prometheus']}",
        "--query.max-concurrency=4",
        "--query.timeout=20s",
    ]


def _argv(place: Place) -> list[str]:
    return [
        "/usr/bin/prometheus",
        *_flags(
            place,
            config=str(place.config("prometheus", "prometheus.yml")),
            data=str(place.data("prometheus")),
            listen=f"127.0.0.1:{place.ports['prometheus']}",
        ),
    ]


def _compose(place: Place) -> Mapping[str, Any]:
    return {
        "command": _flags(place, config="/etc/prometheus/prometheus.yml", data="/prometheus", listen="0.0.0.0:9090"),
        "user": NOBODY,
        "environment": go_runtime(200),
        "volumes": [
            f"{RENDERED}/prometheus:/etc/prometheus:ro",
            # The user's own lie in the repository, wherever ours do.
            "../prometheus/rules/custom:/etc/prometheus/rules/custom:ro",
            "../prometheus/targets:/etc/prometheus/targets:ro",
            "prometheus-data:/prometheus",
            SECRETS_VOLUME,
        ],
        # It is on the host's network, which is reached at the gateway of ours.
        "extra_hosts": [f"node-exporter:{OPS_GATEWAY}"],
        "ports": [published(9090)],
        "networks": ["inside", "ops"],
    }


COMPONENT = Component(
    name="prometheus",
    title=Text("Measurements", "Mediciones"),
    image="prom/prometheus:v3.13.4",
    port=9090,
    idle_mb=80,
    limit_mb=256,
    health=HttpHealth("/-/ready", command=wget(9090, "/-/ready")),
    native=NativeProgram(
        program="prometheus",
        package="prometheus",
        units=("prometheus.service",),
        argv=_argv,
        environment=lambda place: go_runtime(200),
        stop_seconds=30,
        check=lambda place: ["/usr/bin/promtool", "check", "config", str(place.config("prometheus", "prometheus.yml"))],
        reload_signal="HUP",
        reload_metric="prometheus_config_last_reload_success_timestamp_seconds",
    ),
    compose=_compose,
    metrics=MetricsEndpoint("prometheus"),
    files=(RenderedFile("prometheus/prometheus.yml.j2", "prometheus.yml", "prometheus/prometheus.yml"),),
    cpus=1.0,
)
