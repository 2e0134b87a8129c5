"""Nginx: the only one that listens to the world; TLS, redirect, static files, and the door to everything else."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.serve.component import Component, HttpHealth, NativeProgram, RenderedFile
from sereno.serve.compose_parts import SECRETS_VOLUME, WWW_VOLUME_READ_ONLY
from sereno.serve.place import Place


def _argv(place: Place) -> list[str]:
    return [
        "/usr/sbin/nginx",
        "-c",
        str(place.config("nginx", "nginx.conf")),
        "-e",
        "stderr",
    ]


COMPONENT = Component(
    name="nginx",
    title=Text("Web server", "Servidor web"),
    image="nginx:1.30.5-alpine",
    port=8443,
    idle_mb=10,
    limit_mb=48,
    health=HttpHealth(
        "/healthz",
        tls=True,
        command=("CMD", "wget", "-q", "-T", "3", "-O", "/dev/null", "http://127.0.0.1:8081/stub_status"),
    ),
    native=NativeProgram(
        program="nginx",
        package="nginx",
        units=("nginx.service",),
        argv=_argv,
        stop_signal="QUIT",
    ),
    compose=lambda place: {
        "volumes": [
            "./nginx/nginx.conf:/etc/nginx/nginx.conf:ro",
            "./nginx/conf.d:/etc/nginx/conf.d:ro",
            SECRETS_VOLUME,
            WWW_VOLUME_READ_ONLY,
        ],
        # The first process is root, to read the key; its workers are not.
        "cap_add": ["CHOWN", "SETGID", "SETUID"],
        "tmpfs": ["/run", "/tmp", "/var/cache/nginx"],  # noqa: S108 -- this container's own.
        "ports": [f"{place.settings.site.http_port}:8080", f"{place.settings.site.https_port}:8443"],
        "networks": ["inside", "ops"],
    },
    needs=("webapp",),
    files=(RenderedFile("nginx/nginx.conf.j2", "nginx.conf", "docker/nginx/nginx.conf"),),
)
