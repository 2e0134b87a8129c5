"""The desk: `webapp` answers requests, `worker` does what happens by the clock. One program, two processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sereno import __version__
from sereno.core.text import Text
from sereno.serve.allocator import ALLOCATOR
from sereno.serve.component import Component, HttpHealth, MetricsEndpoint, NativeProgram
from sereno.serve.compose_parts import (
    BACKUPS_VOLUME,
    OWN_FOLDERS,
    PROBES_VOLUME,
    SECRETS_VOLUME,
    TLS_VOLUME,
    WWW_VOLUME,
)
from sereno.serve.place import COMPOSE_BACKUPS, COMPOSE_OWN, COMPOSE_SECRETS, COMPOSE_SETTINGS, COMPOSE_TLS, Place

DESK_USER = 10001
"""The user id of the desk in its image."""

BACKUPS_GROUP = 10002
"""The group that may read what a backup must hold: the worker belongs to it, the webapp does not. Grafana's own files
are of the group 0."""

WORKER_METRICS_PORT = 5001
IMAGE = f"sereno-desk:{__version__}"
BUILD = {"context": "..", "dockerfile": "docker/Dockerfile"}

_OPEN = ("nginx", "nginx-http")
"""What anyone may reach; every other port is of the inside, and nobody's to probe from the desk."""


def environment(place: Place) -> dict[str, str]:
    """What a process of the desk is told about where it runs (see `sereno.wiring`)."""
    return {
        "SERENO_PLATFORM": place.platform,
        "SERENO_PROFILE": place.profile,
        "SERENO_LAB": "1" if place.lab else "",
        "SERENO_DATABASE_ADDRESS": place.address("mysql"),
        "SERENO_PROMETHEUS_URL": f"http://{place.address('prometheus')}",
        "SERENO_ALERTMANAGER_URL": f"http://{place.address('alertmanager')}",
        "SERENO_WEBAPP_URL": f"http://{place.address('webapp')}",
        "SERENO_WWW": str(place.www),
        "SERENO_ACCESS_SOCKET": str(place.access_socket),
        "SERENO_NGINX_ADDRESS": place.address("nginx"),
        "SERENO_BLACKBOX_URL": f"http://{place.address('blackbox-exporter')}",
        "SERENO_PROBES": str(place.probes),
        "SERENO_INNER": ",".join(sorted(f"{name}:{port}" for name, port in place.ports.items() if name not in _OPEN)),
        **ALLOCATOR,
    }


def _native_environment(place: Place, process: str) -> dict[str, str]:
    return (
        environment(place)
        | dict(place.overrides)
        | {
            "PYTHONPATH": str(place.program),
            "SERENO_SECRETS": str(place.home / "secrets"),
            "SERENO_SETTINGS": str(place.config("sereno.toml")),
            "SERENO_KEPT": str(place.home),
            "SERENO_PASSPHRASE": str(place.home / "secrets/backup-passphrase"),
            "SERENO_BACKUPS": str(place.data("backups")),
            "SERENO_GRAFANA_DATABASE": str(place.data("grafana/grafana.db")),
            "SERENO_BIND": f"127.0.0.1:{place.ports[process]}",
            # In memory, as in Compose: the files are mapped, and a full disk would kill who counts one request more.
            "PROMETHEUS_MULTIPROC_DIR": str(place.run("memory", f"{process}-metrics")),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SERENO_TLS": str(place.tls),
            "SERENO_NGINX_PID": str(place.run("nginx.pid")),
        }
    )


def _compose(place: Place, process: str, command: list[str], port: int, *, renews: bool = False) -> Mapping[str, Any]:
    return {
        "image": IMAGE,
        "build": BUILD,
        "command": command,
        "user": f"{DESK_USER}:{DESK_USER}",
        "environment": environment(place)
        | {
            "SERENO_LAB": "${SERENO_LAB:-}",
            "SERENO_PROFILE": "${SERENO_PROFILE:-standard}",
            "SERENO_SECRETS": str(COMPOSE_SECRETS / "desk"),
            "SERENO_SETTINGS": str(COMPOSE_SETTINGS / "sereno.toml"),
            "SERENO_BIND": f"0.0.0.0:{port}",
            "PROMETHEUS_MULTIPROC_DIR": f"/tmp/{process}-metrics",  # noqa: S108 -- a tmpfs of this container alone.
        }
        | (_WORKERS_OWN if renews else {}),
        "volumes": [
            SECRETS_VOLUME,
            WWW_VOLUME,
            f"settings:{COMPOSE_SETTINGS}:ro",
            *([TLS_VOLUME, PROBES_VOLUME, BACKUPS_VOLUME, "grafana-data:/var/lib/grafana:ro", *_OWN] if renews else []),
        ],
        "tmpfs": [f"/tmp:uid={DESK_USER},gid={DESK_USER},mode=700"],  # noqa: S108
        "networks": ["inside", "ops"],
    } | ({"group_add": [str(BACKUPS_GROUP), "0"]} if renews else {})


_OWN = [f"../{source}:{COMPOSE_OWN / kept}:ro" for kept, source in OWN_FOLDERS.items()]

_WORKERS_OWN = {
    "SERENO_TLS": str(COMPOSE_TLS),
    "SERENO_BACKUPS": str(COMPOSE_BACKUPS),
    "SERENO_KEPT_SECRETS": str(COMPOSE_SECRETS / "backups"),
    "SERENO_PASSPHRASE": str(COMPOSE_SECRETS / "backups/backup-passphrase"),
    "SERENO_GRAFANA_DATABASE": "/var/lib/grafana/grafana.db",
    "SERENO_OWN": str(COMPOSE_OWN),
}
"""What the worker alone is told in Compose: what it renews, and what backups are made of."""


WEBAPP = Component(
    name="webapp",
    title=Text("Desk", "Mesa de guardia"),
    image=IMAGE,
    port=5000,
    idle_mb=110,
    limit_mb=256,
    health=HttpHealth(
        "/healthz",
        command=("CMD", "python", "-m", "sereno.outside.ask", "5000", "/healthz"),
        ready_path="/readyz",
    ),
    native=NativeProgram(
        program="gunicorn",
        package=None,
        argv=lambda place: [
            str(place.environment / "bin/gunicorn"),
            "-c",
            "python:sereno.web.server",
            "sereno.web.server:app",
        ],
        environment=lambda place: _native_environment(place, "webapp"),
        stop_seconds=15,
        version_flag="",
    ),
    compose=lambda place: _compose(
        place, "webapp", ["gunicorn", "-c", "python:sereno.web.server", "sereno.web.server:app"], 5000
    ),
    container_processes=r" /opt/sereno/bin/gunicorn -c python:sereno\.web\.server ",
    metrics=MetricsEndpoint("webapp"),
    needs=("mysql",),
    cpus=1.0,
)

WORKER = Component(
    name="worker",
    title=Text("Desk's clock", "Reloj de la mesa"),
    image=IMAGE,
    port=WORKER_METRICS_PORT,
    idle_mb=70,
    # An encrypted backup's proof: the worker 60, the prover 56, the throwaway server 43, a health check beside them.
    limit_mb=192,
    health=HttpHealth("/healthz", command=("CMD", "python", "-m", "sereno.outside.ask", "5001", "/healthz")),
    native=NativeProgram(
        program="python3",
        package=None,
        argv=lambda place: [str(place.environment / "bin/python"), "-m", "sereno.worker"],
        environment=lambda place: _native_environment(place, "worker"),
        version_flag="",
    ),
    compose=lambda place: _compose(
        place, "worker", ["python", "-m", "sereno.worker"], WORKER_METRICS_PORT, renews=True
    ),
    container_processes=r"^python -m sereno\.worker",
    metrics=MetricsEndpoint("webapp"),
    needs=("webapp",),
)
