"""What Docker's and the kernel's answers mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

from sereno.core.clock import parse_rfc3339

PROJECT_LABEL = "com.docker.compose.project"
_NEVER = "0001-01-01"
"""How the engine writes a time that has not come."""


@dataclass(frozen=True, slots=True)
class Container:
    """See `sereno.serve.compose.ports.Container`."""

    id: str
    service: str
    state: str
    health: str
    since: datetime | None
    ended: datetime | None
    exit_code: int
    out_of_memory: bool
    restarts: int
    pid: int
    memory_limit: int | None
    image: str
    folder: str
    check: tuple[str, ...]
    comes_back: bool
    """Whether the engine starts it again by itself, after a reboot too."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Container:
        """From what `docker inspect` tells."""
        state, config = told["State"], told["Config"]
        labels = config["Labels"] or {}
        ended = _moment(state["FinishedAt"])
        return cls(
            id=told["Id"],
            service=labels.get("com.docker.compose.service", ""),
            state=state["Status"],
            health=(state.get("Health") or {}).get("Status", ""),
            since=_moment(state["StartedAt"]) if state["Running"] else ended,
            ended=ended,
            exit_code=state["ExitCode"],
            out_of_memory=bool(state.get("OOMKilled")),
            restarts=told.get("RestartCount", 0),
            pid=state.get("Pid", 0),
            memory_limit=told["HostConfig"].get("Memory") or None,
            image=config["Image"],
            folder=labels.get("com.docker.compose.project.working_dir", ""),
            check=_command((config.get("Healthcheck") or {}).get("Test") or []),
            comes_back=(told["HostConfig"].get("RestartPolicy") or {}).get("Name") in ("always", "unless-stopped"),
        )


def _moment(text: str) -> datetime | None:
    return None if text.startswith(_NEVER) else parse_rfc3339(text)


def read_size(text: str) -> int:
    """Bytes of a size as `docker stats` writes it: `5.652MiB`. Raises ValueError for anything else."""
    match = re.fullmatch(r"([0-9.]+)([kKMGT]?i?)B", text)
    if match is None:
        raise ValueError(f"{text!r} is no size")
    base = 1024 if match[2].endswith("i") else 1000
    power = ("", "K", "M", "G", "T").index(match[2].rstrip("i").upper())
    return round(float(match[1]) * float(base**power))


def _command(test: Sequence[str]) -> tuple[str, ...]:
    """The command of a health check as Docker notes it."""
    if not test or test[0] == "NONE":
        return ()
    return tuple(test[1:]) if test[0] == "CMD" else ("/bin/sh", "-c", test[1])


def networks_in(told: Sequence[Mapping[str, Any]], project: str) -> tuple[list[IPv4Network], list[IPv4Network]]:
    """The networks (IPv4) of `docker network inspect`: those of this project, and those of others."""
    ours: list[IPv4Network] = []
    others: list[IPv4Network] = []
    for each in told:
        kept = ours if (each["Labels"] or {}).get(PROJECT_LABEL) == project else others
        subnets = [pool.get("Subnet", "") for pool in each["IPAM"]["Config"] or []]
        kept += [IPv4Network(subnet, strict=False) for subnet in subnets if "." in subnet]
    return ours, others


def read_routes(table: str) -> list[IPv4Network]:
    """The networks of `/proc/net/route` (little-endian hexadecimal), without the default route."""
    networks = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[column]), "little") for column in (1, 7))
        if mask:
            networks.append(IPv4Network((address & mask, bin(mask).count("1"))))
    return networks
