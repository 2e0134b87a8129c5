"""Words that several services of the Compose file share."""

from __future__ import annotations

from sereno.serve.place import COMPOSE_BACKUPS, COMPOSE_PROBES, COMPOSE_SECRETS, COMPOSE_TLS, COMPOSE_WWW

BACKUPS = "${SERENO_BACKUPS:-backups}"
"""A volume, or the folder of the host that [backup] folder names."""
BACKUPS_VOLUME = f"{BACKUPS}:{COMPOSE_BACKUPS}"
OWN_FOLDERS = {
    "etc/prometheus/rules/custom": "prometheus/rules/custom",
    "etc/prometheus/targets": "prometheus/targets",
    "etc/nginx/conf.d": "docker/nginx/conf.d",
}
"""What users add: where it lies in a home, and in a backup → where it is in the clone."""
SECRETS_VOLUME = f"secrets:{COMPOSE_SECRETS}:ro"
WWW_VOLUME = f"www:{COMPOSE_WWW}"
WWW_VOLUME_READ_ONLY = f"{WWW_VOLUME}:ro"
TLS_VOLUME = f"tls:{COMPOSE_TLS}"
TLS_VOLUME_READ_ONLY = f"{TLS_VOLUME}:ro"
PROBES_VOLUME = f"probes:{COMPOSE_PROBES}"
PROBES_VOLUME_READ_ONLY = f"{PROBES_VOLUME}:ro"

OPERATOR_BIND = "${SERENO_OPERATOR_BIND:-127.0.0.1}"
"""Where the ports for operators are published: loopback, but in the Vagrant machine."""

OPS_SUBNET = "${SERENO_OPS_SUBNET:-10.213.41.0/24}"
OPS_GATEWAY = "${SERENO_OPS_GATEWAY:-10.213.41.1}"
"""The network `ops` has a fixed address, because Node Exporter, on the host's network, listens at its gateway. The
default lies apart from Docker's own pools and from 172.31.0.0/16, which is every AWS account's default network."""

NODE_EXPORTER_INNER_PORT = 9101
"""Where Prometheus asks Node Exporter, at the gateway of `ops`. Not 9100, which would be taken twice when operators'
ports are published on every address."""


RENDERED = "${SERENO_RENDERED:-..}"
"""The folder of the rendered files: the repository, where they lie as the defaults make them. What a user's settings
make of them is written elsewhere: nothing that is checked in changes on a server, so `git pull` is not in its way."""

HTTP_PORT = "${SERENO_HTTP_PORT:-8080}"
HTTPS_PORT = "${SERENO_HTTPS_PORT:-8443}"
RETENTION = "${SERENO_RETENTION:-35d}"
RETENTION_SIZE = "${SERENO_RETENTION_SIZE:-2GB}"
"""Settings that the Compose file itself needs."""


def published(port: int) -> str:
    """An operators' port, published on loopback only."""
    return f"{OPERATOR_BIND}:{port}:{port}"


def wget(port: int, path: str, host: str = "127.0.0.1") -> tuple[str, ...]:
    """A container's own question whether it is healthy, with the wget that BusyBox brings."""
    return ("CMD", "wget", "-q", "-T", "3", "-O", "/dev/null", f"http://{host}:{port}{path}")


def default_of(words: str) -> str:
    """The default in words of Compose's that name a variable: `${NAME:-default}`."""
    return words.partition(":-")[2].rstrip("}")
