"""Words that several services of the Compose file share."""

from __future__ import annotations

from sereno.serve.place import COMPOSE_SECRETS, COMPOSE_WWW

SECRETS_VOLUME = f"secrets:{COMPOSE_SECRETS}:ro"
WWW_VOLUME = f"www:{COMPOSE_WWW}"
WWW_VOLUME_READ_ONLY = f"{WWW_VOLUME}:ro"
OPERATOR_BIND = "${SERENO_OPERATOR_BIND:-127.0.0.1}"
"""Where the ports for operators are published: loopback, but in the Vagrant machine."""

OPS_SUBNET = "${SERENO_OPS_SUBNET:-172.31.250.0/24}"
OPS_GATEWAY = "${SERENO_OPS_GATEWAY:-172.31.250.1}"


def published(port: int) -> str:
    """An operators' port, published on loopback only."""
    return f"{OPERATOR_BIND}:{port}:{port}"


def wget(port: int, path: str) -> tuple[str, ...]:
    """A container's own question whether it is healthy, with the wget that BusyBox brings."""
    return ("CMD", "wget", "-q", "-T", "3", "-O", "/dev/null", f"http://127.0.0.1:{port}{path}")
