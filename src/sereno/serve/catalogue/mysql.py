"""The database: MySQL 8.4 in Compose, MariaDB natively and in the profile `small`; durable, and small in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sereno.core.text import Text
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
    # Over TCP, since the server that an image starts for its first set-up listens on its socket alone. "Access
    # denied" is an answer too, so no password is needed. Each image has one of the two programs.
    return ["CMD-SHELL", "mysqladmin -h 127.0.0.1 --silent ping || mariadb-admin -h 127.0.0.1 --silent ping"]


def _compose(place: Place) -> Mapping[str, Any]:
    return {
        "image": "${SERENO_DATABASE_IMAGE:-mysql:8.4.11}",
        "command": [
            "--defaults-extra-file=/etc/sereno/my.cnf",
            f"--init-file={place.secret('mysql-users.sql', 'mysql')}",
        ],
        "user": "999:999",
        "environment": {
            "MYSQL_ROOT_PASSWORD_FILE": str(place.secret("mysql-root-password", "mysql")),
        },
        "volumes": ["mysql-data:/var/lib/mysql", "./mysql/my.cnf:/etc/sereno/my.cnf:ro", SECRETS_VOLUME],
        "tmpfs": [
            "/tmp",  # noqa: S108 -- a tmpfs of this container alone.
            "/run/mysqld:uid=999,gid=999",
            "/var/run/mysqld:uid=999,gid=999",
        ],
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
        stop_seconds=30,
    ),
    compose=_compose,
    files=(RenderedFile("mysql/my.cnf.j2", "my.cnf", "docker/mysql/my.cnf"),),
    cpus=1.0,
)
