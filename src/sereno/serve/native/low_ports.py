"""Ports that the system keeps for root (80, 443): whether any is wanted, and by whom. Pure.

Supervisor then runs as an ordinary user with this one right of root's, and only Nginx gets it from there; see
docs/decisions/0009-ports-below-1024.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sereno.core.errors import SerenoError
from sereno.serve.component import Component

FURTHER: Mapping[str, tuple[str, ...]] = {"nginx": ("nginx-http",)}
"""Component → names of the further ports that it listens on."""


def low_ports(components: Iterable[Component], ports: Mapping[str, int], first_ordinary: int) -> list[int]:
    """The chosen ports below `first_ordinary` of those components that may have such ones, lowest first."""
    names = [name for each in components if each.native.low_ports for name in (each.name, *FURTHER.get(each.name, ()))]
    return sorted(ports[name] for name in names if ports[name] < first_ordinary)


def require_root(wanted: list[int], user: str) -> None:
    """Refuse low ports to who is not root. `user` is whom root runs everything as; empty for anyone else."""
    if wanted and not user:
        raise SerenoError(
            f"only root can open port {' and '.join(map(str, wanted))}",
            next_step="sudo ./sereno up (its home is then /var/lib/sereno); or, once and for every program, "
            f"sudo sysctl -w net.ipv4.ip_unprivileged_port_start={wanted[0]}; or in sereno.toml [site] http_port and "
            "https_port from 1024 on",
        )
