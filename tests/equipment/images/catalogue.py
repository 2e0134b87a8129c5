"""Which images there are, what stands in for each, and what the official one promises its users."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RECIPES = Path(__file__).parent
LABEL = "sereno.equipment"


@dataclass(frozen=True)
class Base:
    """A root file system made from Debian packages, imported as an image that recipes start from."""

    tag: str
    suites: tuple[str, ...]
    """Debian suites to try, in this order."""
    packages: tuple[str, ...]


@dataclass(frozen=True)
class StandIn:
    """One recipe and the official image whose name and interface it takes on."""

    tag: str
    recipe: str
    """The folder beside this file that holds the recipe."""
    needs: tuple[str, ...]
    """Tags that must exist before: bases or other stand-ins."""
    packages: tuple[str, ...]
    """The Debian packages that do the work; their versions are told in a label."""
    user: str
    """Who it runs as, as the official image has it; empty is root."""
    has_shell: bool
    """Whether there is a shell for health checks of the CMD-SHELL kind."""
    dockerfile: str = "Dockerfile"
    published: bool = True
    """False for a step on the way, which no compose file names."""


PROGRAMS = Base(
    "sereno-equipment/programs:1",
    ("forky", "trixie"),
    (
        "busybox-static",
        "ca-certificates",
        "curl",
        "netbase",
        "nginx",
        "prometheus",
        "prometheus-alertmanager",
        "prometheus-blackbox-exporter",
        "prometheus-mysqld-exporter",
        "prometheus-nginx-exporter",
        "prometheus-node-exporter",
        "prometheus-process-exporter",
        "python3",
        "tzdata",
    ),
)
DEBIAN = Base("sereno-equipment/debian:trixie", ("trixie",), ("ca-certificates", "netbase", "tzdata"))
MYSQL_PROGRAMS = Base(
    "sereno-equipment/mysql-programs:1",
    ("sid",),
    (
        "bzip2",
        "ca-certificates",
        "curl",
        "gosu",
        "mysql-client-core",
        "mysql-server-core",
        "openssl",
        "tzdata",
        "xz-utils",
        "zstd",
    ),
)
BASES = (PROGRAMS, DEBIAN, MYSQL_PROGRAMS)

_WORKSHOP = "sereno-equipment/workshop:1"
MARIADB = StandIn("mariadb:11.8", "mariadb", (DEBIAN.tag,), ("mariadb-server",), "", has_shell=True)
MYSQL = StandIn("mysql:8.4.11", "mysql", (MYSQL_PROGRAMS.tag,), ("mysql-server-core",), "", has_shell=True)
MYSQL_BY_MARIADB = StandIn(
    MYSQL.tag, "mysql", (MARIADB.tag,), ("mariadb-server",), "", has_shell=True, dockerfile="fallback.Dockerfile"
)
STAND_INS = (
    StandIn(_WORKSHOP, "workshop", (PROGRAMS.tag,), (), "", has_shell=True, published=False),
    StandIn("python:3.13-slim-trixie", "python", (DEBIAN.tag,), ("python3.13",), "", has_shell=True),
    MARIADB,
    MYSQL,
    StandIn("nginx:1.30.5-alpine", "nginx", (_WORKSHOP,), ("nginx",), "", has_shell=True),
    StandIn("prom/prometheus:v3.13.4", "prometheus", (_WORKSHOP,), ("prometheus",), "nobody", has_shell=True),
    StandIn(
        "prom/alertmanager:v0.34.1",
        "alertmanager",
        (_WORKSHOP,),
        ("prometheus-alertmanager",),
        "nobody",
        has_shell=True,
    ),
    StandIn(
        "prom/node-exporter:v1.12.1",
        "node-exporter",
        (_WORKSHOP,),
        ("prometheus-node-exporter",),
        "nobody",
        has_shell=True,
    ),
    StandIn(
        "prom/mysqld-exporter:v0.18.0",
        "mysqld-exporter",
        (_WORKSHOP,),
        ("prometheus-mysqld-exporter",),
        "nobody",
        has_shell=True,
    ),
    StandIn(
        "prom/blackbox-exporter:v0.28.0",
        "blackbox-exporter",
        (_WORKSHOP,),
        ("prometheus-blackbox-exporter",),
        "",
        has_shell=True,
    ),
    StandIn(
        "ncabatoff/process-exporter:0.8.7",
        "process-exporter",
        (_WORKSHOP,),
        ("prometheus-process-exporter",),
        "",
        has_shell=False,
    ),
    StandIn(
        "nginx/nginx-prometheus-exporter:1.5.3",
        "nginx-exporter",
        (_WORKSHOP,),
        ("prometheus-nginx-exporter",),
        "1001:1001",
        has_shell=False,
    ),
    StandIn("grafana/grafana:12.4.10", "grafana", (_WORKSHOP,), (), "472", has_shell=True),
)


def published() -> tuple[StandIn, ...]:
    """The stand-ins that carry an official name."""
    return tuple(image for image in STAND_INS if image.published)


def unknown(tags: Iterable[str]) -> list[str]:
    """Those of `tags` that nothing here stands in for: what a compose file may name is this catalogue."""
    return sorted(set(tags) - {image.tag for image in published()})
