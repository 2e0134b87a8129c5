"""The text of `docker/docker-compose.yml`, made from the catalogue. Pure.

It passes on docker-compose 1.29.2 and on Compose 2, so it has no top-level `name` (1.29.2 refuses it). What differs
from machine to machine comes from `docker/.env`, and every such value has a default: the file works as it is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.catalogue.desk import BUILD, IMAGE
from sereno.serve.component import CommandHealth, Component, HttpHealth
from sereno.serve.compose_parts import (
    BACKUPS,
    BACKUPS_VOLUME,
    OPERATOR_BIND,
    OPS_GATEWAY,
    OPS_SUBNET,
    PROBES_VOLUME,
    RENDERED,
    default_of,
)
from sereno.serve.place import COMPOSE_SECRETS, COMPOSE_SETTINGS, COMPOSE_TLS, COMPOSE_WWW, Place

PREPARE = "prepare"
AWAITED_INTERVAL_SECONDS = 4
INTERVAL_SECONDS = 30
"""Each check starts a process, which costs 50 ms of CPU. Only what others wait for is asked often, because the first
check comes after one interval."""
MAX_PIDS = 64

_HEAD = """\
# {header}
# Works by hand as well: docker-compose up -d (version 1.29 or newer) or docker compose up -d, in this folder.
# `./sereno up --on compose` does the same, and writes what this machine needs otherwise into docker/.env:
#   SERENO_PROFILE, SERENO_DATABASE_IMAGE, _MEMORY, _BUFFERS   small or standard; never changed once there is data
#   SERENO_LAB             1 in the classroom: Grafana's login is admin / admin123
#   SERENO_OPERATOR_BIND   address of the ports for operators (127.0.0.1); SERENO_LAB_VM says it is the classroom's VM
#   SERENO_OPS_SUBNET, _GATEWAY   when {subnet} is taken on this machine
#   SERENO_HTTP_PORT, _HTTPS_PORT, _RETENTION, _RETENTION_SIZE, _BACKUPS   what sereno.toml says otherwise
#   SERENO_RENDERED        ./rendered, where the files lie that sereno.toml makes otherwise than they are checked in

# What every service has in common: it comes back by itself, can write nowhere but in its volumes, has no rights of
# root's, and its log can't fill the disk.
x-service: &service
  restart: unless-stopped
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  logging:
    driver: json-file
    options: {{max-size: 10m, max-file: "3"}}

services:
"""

_TAIL = """\
networks:
  # No way out and none in: the database is here alone.
  inside:
    internal: true
  # For what publishes a port or calls out. Its address is fixed, since Node Exporter listens at its gateway.
  ops:
    ipam:
      config:
        - subnet: {subnet}
          gateway: {gateway}

volumes:
"""

_NO_CHECK = "No health check of its own: the image has no shell; Prometheus's `up` says whether it is healthy."


class _Dumper(yaml.SafeDumper):
    """Short lists of plain words on one line, everything else in blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _short_lists(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.Node:
    plain = all(isinstance(item, str | int) for item in items)
    flow = plain and sum(len(str(item)) + 4 for item in items) < 90
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flow)


_Dumper.add_representer(list, _short_lists)


def compose_file(place: Place, header: str) -> str:
    """The whole file for `place`; `header` is its first line."""
    services = compose_services(place)
    blocks = [_block(PREPARE, services.pop(PREPARE), [_PREPARE_COMMENT])]
    for component in CATALOGUE:
        comments = [f"{component.title.en}."] + ([] if has_check(component) else [_NO_CHECK])
        blocks.append(_block(component.name, services.pop(component.name), comments))
    volumes = "".join(f"  {name}: {{}}\n" for name in _named_volumes(place))
    head = _HEAD.format(header=header, subnet=default_of(OPS_SUBNET))
    tail = _TAIL.format(subnet=OPS_SUBNET, gateway=OPS_GATEWAY)
    return head + "\n".join(blocks) + "\n" + tail + volumes


def compose_services(place: Place) -> dict[str, dict[str, Any]]:
    """Service → its keys, without those that all have in common."""
    return {PREPARE: _prepare()} | {each.name: _service(each, place) for each in CATALOGUE}


def has_check(component: Component) -> bool:
    """Whether the component's container can be asked for its health from within."""
    return isinstance(component.health, CommandHealth) or bool(component.health.command)


_PREPARE_COMMENT = (
    "Runs to its end before the others start: makes missing secrets in a volume, each file for its one reader, and "
    "gives Nginx its certificate and key. Where passwords are to be had: docker-compose logs prepare."
)


def _prepare() -> dict[str, Any]:
    return {
        "image": IMAGE,
        "build": BUILD,
        "command": ["python", "-m", "sereno.prepare"],
        # A certificate made here carries this name.
        "hostname": "${SERENO_HOSTNAME:-localhost}",
        "environment": {
            "SERENO_LAB": "${SERENO_LAB:-}",
            "SERENO_LAB_VM": "${SERENO_LAB_VM:-}",
            "SERENO_OPERATOR_BIND": OPERATOR_BIND,
            "SERENO_RENDERED": RENDERED,
            "SERENO_BACKUPS": BACKUPS,
        },
        "user": "0:0",
        "cap_add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
        "network_mode": "none",
        "volumes": [
            "..:/clone:ro",
            f"secrets:{COMPOSE_SECRETS}",
            f"settings:{COMPOSE_SETTINGS}",
            f"www:{COMPOSE_WWW}",
            f"tls:{COMPOSE_TLS}",
            PROBES_VOLUME,
            BACKUPS_VOLUME,
        ],
        "tmpfs": ["/tmp"],  # noqa: S108 -- this container's own.
        "mem_limit": "128m",
        "cpus": 1.0,
        "pids_limit": MAX_PIDS,
        "restart": "no",
    }


def _service(component: Component, place: Place) -> dict[str, Any]:
    limits = {"mem_limit": f"{component.limit_mb}m", "cpus": component.cpus, "pids_limit": MAX_PIDS}
    service: dict[str, Any] = {"image": component.image} | limits | dict(component.compose(place))
    service["stop_grace_period"] = f"{component.native.stop_seconds}s"
    if component.native.stop_signal != "TERM":
        service["stop_signal"] = f"SIG{component.native.stop_signal}"
    service["depends_on"] = {PREPARE: {"condition": "service_completed_successfully"}} | {
        need: {"condition": "service_healthy"} for need in component.needs
    }
    test = _test(component, place)
    if test:
        awaited = any(component.name in each.needs for each in CATALOGUE)
        service["healthcheck"] = {
            "test": test,
            "interval": f"{AWAITED_INTERVAL_SECONDS if awaited else INTERVAL_SECONDS}s",
            "timeout": "5s",
            "retries": 3,
            # A slow machine's first start: failures count only after this.
            "start_period": "90s",
        }
    return {key: service[key] for key in sorted(service, key=_position)}


def _test(component: Component, place: Place) -> list[str]:
    if isinstance(component.health, HttpHealth):
        return list(component.health.command)
    return component.health.argv(place)


_ORDER = ("image", "build", "hostname", "entrypoint", "command", "depends_on", "environment", "user", "group_add",
          "cap_add", "network_mode", "pid", "networks", "extra_hosts", "ports", "volumes", "tmpfs", "healthcheck",
          "mem_limit", "cpus", "pids_limit", "stop_signal", "stop_grace_period", "restart")  # fmt: skip


def _position(key: str) -> int:
    return _ORDER.index(key)


def _named_volumes(place: Place) -> Iterable[str]:
    mounts = [mount for each in compose_services(place).values() for mount in each.get("volumes", [])]
    sources = [default_of(BACKUPS) if mount.startswith(BACKUPS) else mount.partition(":")[0] for mount in mounts]
    return dict.fromkeys(source for source in sources if source.replace("-", "").isalpha())


def _block(name: str, service: Mapping[str, Any], comments: Iterable[str]) -> str:
    lines = [
        line
        for comment in comments
        for line in textwrap.wrap(comment, 112, initial_indent="# ", subsequent_indent="# ")
    ]
    body = yaml.dump(
        dict(service), Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=110, allow_unicode=True
    )
    inner = "".join(f"  {line}\n" for line in ["<<: *service", *body.splitlines()])
    return textwrap.indent("\n".join([*lines, f"{name}:", inner]), "  ")
