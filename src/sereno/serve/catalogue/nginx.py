"""Nginx: the only one that listens to the world; TLS, redirect, static files, and the door to everything else."""

from __future__ import annotations

import re

from sereno.core.text import Text
from sereno.serve.component import Component, HttpHealth, NativeProgram, RenderedFile
from sereno.serve.compose_parts import HTTP_PORT, HTTPS_PORT, RENDERED, TLS_VOLUME_READ_ONLY, WWW_VOLUME_READ_ONLY
from sereno.serve.place import Place

PROGRAM = "/usr/sbin/nginx"
START_SCRIPT = "/etc/nginx/start.sh"
"""In its container: starts Nginx, and has it take over a certificate that the worker has renewed."""


def versions(said: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The versions of Nginx and of the OpenSSL that it runs with, out of what `nginx -V` says; empty when unknown."""
    nginx = re.search(r"nginx version: \S*?/(\d+(?:\.\d+)*)", said)
    openssl = re.search(r"running with OpenSSL (\d+(?:\.\d+)*)", said) or re.search(
        r"built with OpenSSL (\d+(?:\.\d+)*)", said
    )
    return _numbers(nginx), _numbers(openssl)


def _numbers(found: re.Match[str] | None) -> tuple[int, ...]:
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _check(place: Place) -> list[str]:
    # It opens /dev/stdout by name, which an ordinary user may not do with a pipe of root's.
    return ["/bin/sh", "-c", 'exec "$@" >/dev/null', "sh", *_argv(place), "-t", "-q"]


def _argv(place: Place) -> list[str]:
    return [
        PROGRAM,
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
        "/_alive",
        tls=True,
        command=("CMD", "wget", "-q", "-T", "3", "-O", "/dev/null", "http://127.0.0.1:8081/stub_status"),
    ),
    native=NativeProgram(
        program="nginx",
        package="nginx",
        units=("nginx.service",),
        argv=_argv,
        stop_signal="QUIT",
        check=_check,
        reload_signal="HUP",
        version_flag="-v",
        low_ports=True,
    ),
    compose=lambda place: {
        "command": ["/bin/sh", START_SCRIPT],
        "volumes": [
            f"{RENDERED}/docker/nginx/nginx.conf:/etc/nginx/nginx.conf:ro",
            "./nginx/conf.d:/etc/nginx/conf.d:ro",
            f"./nginx/start.sh:{START_SCRIPT}:ro",
            TLS_VOLUME_READ_ONLY,
            WWW_VOLUME_READ_ONLY,
        ],
        # The first process is root, to read the key; its workers are not.
        "cap_add": ["CHOWN", "SETGID", "SETUID"],
        "tmpfs": ["/run", "/tmp", "/var/cache/nginx"],  # noqa: S108 -- this container's own.
        "ports": [f"{HTTP_PORT}:8080", f"{HTTPS_PORT}:8443"],
        "networks": ["inside", "ops"],
    },
    # As docker/nginx/start.sh starts it; its title begins with "nginx: master process".
    container_processes=r"nginx -e stderr -c /etc/nginx/nginx\.conf -g daemon off;",
    needs=("webapp",),
    files=(RenderedFile("nginx/nginx.conf.j2", "nginx.conf", "docker/nginx/nginx.conf"),),
)
