"""The database: MySQL 8.4 in Compose, MariaDB natively and in the profile `small`; durable, and small in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sereno.core.text import Text
from sereno.serve.allocator import ALLOCATOR
from sereno.serve.component import CommandHealth, Component, NativeProgram, RenderedFile
from sereno.serve.compose_parts import SECRETS_VOLUME
from sereno.serve.place import Place


def _argv(place: Place) -> list[str]:
    return [
        "/usr/sbin/mariadbd",
        f"--defaults-file={place.config('mysql', 'my.cnf')}",
        # Read at every start: makes the users that are missing and sets the rights and passwords that are wrong.
        f"--init-file={place.secret('mysql-users.sql', 'mysql')}",
    ]


def _health(place: Place) -> list[str]:
    if place.native:
        return ["mariadb-admin", "--no-defaults", f"--socket={place.run('mysql.sock')}", "--silent", "ping"]
    # "Access denied" is an answer too, so no password is needed. Each image has one of the two programs.
    ping = "--no-defaults --socket=/run/mysqld/mysqld.sock --silent ping"
    return ["CMD-SHELL", f"mysqladmin {ping} 2>/dev/null || mariadb-admin {ping}"]


def _compose(_: Place) -> Mapping[str, Any]:
    return {
        "image": "${SERENO_DATABASE_IMAGE:-mysql:8.4.11}",
        # Not the image's own entry point, which never finishes a first start that was killed: see the script.
        "entrypoint": ["bash", "/etc/sereno/start.sh"],
        # The whole of the profiles' difference: image, memory and buffers.
        "command": ["--innodb-buffer-pool-size=${SERENO_DATABASE_BUFFERS:-48M}"],
        "mem_limit": f"${{SERENO_DATABASE_MEMORY:-{COMPONENT.limit_mb}m}}",
        "user": "999:999",
        "environment": ALLOCATOR,
        "volumes": ["./mysql:/etc/sereno:ro", "mysql-data:/var/lib/mysql", SECRETS_VOLUME],
        "tmpfs": ["/tmp", "/run/mysqld:uid=999,gid=999,mode=700"],  # noqa: S108 -- this container's own.
        "pids_limit": 200,
        "networks": ["inside"],
    }


COMPONENT = Component(
    name="mysql",
    title=Text("Database", "Base de datos"),
    image="mysql:8.4.11",
    port=3306,
    idle_mb=220,
    limit_mb=384,
    health=CommandHealth(_health),
    native=NativeProgram(
        program="mariadbd",
        package="mariadb-server",
        units=("mariadb.service", "mysql.service", "mysqld.service"),
        argv=_argv,
        environment=lambda place: dict(ALLOCATOR),
        stop_seconds=30,
    ),
    compose=_compose,
    # As docker/mysql/start.sh starts it.
    container_processes=r"^[^ ]*(mysqld|mariadbd) --defaults-file=/run/mysqld/my\.cnf --init-file=/run/sereno/",
    files=(RenderedFile("mysql/my.cnf.j2", "my.cnf", "docker/mysql/my.cnf"),),
    cpus=1.0,
)
