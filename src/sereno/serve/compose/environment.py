"""The text of `docker/.env`: what this machine needs otherwise than the Compose file says by itself. Pure.

Compose reads it whether a person or the command line starts it, so either may follow the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network

from sereno.settings import Settings

SMALL: Mapping[str, str] = {
    "SERENO_PROFILE": "small",
    "SERENO_DATABASE_IMAGE": "mariadb:11.8",
    "SERENO_DATABASE_MEMORY": "192m",
    "SERENO_DATABASE_BUFFERS": "32M",
}
"""The profile for 1 GB. The other one, `standard`, is what the Compose file says by itself."""

PROFILES = ("small", "standard")
_OF_SETTINGS: Mapping[str, Callable[[Settings], object]] = {
    "SERENO_HTTP_PORT": lambda settings: settings.site.http_port,
    "SERENO_HTTPS_PORT": lambda settings: settings.site.https_port,
    "SERENO_RETENTION": lambda settings: settings.prometheus.retention,
    "SERENO_BACKUPS": lambda settings: settings.backup.folder,
    "SERENO_RETENTION_SIZE": lambda settings: settings.prometheus.retention_size,
}
RENDERED = "SERENO_RENDERED"
OWNED = (*SMALL, "SERENO_LAB", "SERENO_LAB_VM", "SERENO_HOSTNAME", *_OF_SETTINGS, RENDERED)
"""Names whose lines are ours to write and to remove; every other line is the user's."""

_BIND = "SERENO_OPERATOR_BIND"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 -- only in the classroom's machine, which is forwarded from loopback.
_HEAD = "# Read by Docker Compose. Lines with names that ./sereno up does not know are kept."
_NETWORKS = ("10.213.41.0/24", "10.213.42.0/24", "192.168.213.0/24", "10.197.86.0/24", "192.168.47.0/24")


def wanted(*, profile: str, lab: bool, lab_machine: bool, hostname: str) -> dict[str, str]:
    """The lines for this machine. `lab_machine`: its ports are forwarded by Vagrant, which can't reach loopback."""
    lines = dict(SMALL) if profile == "small" else {"SERENO_PROFILE": "standard"}
    if lab:
        lines["SERENO_LAB"] = "1"
    if lab_machine:
        lines |= {"SERENO_LAB_VM": "1", _BIND: EVERY_ADDRESS}
    return lines | {"SERENO_HOSTNAME": hostname}


def of_settings(settings: Settings) -> dict[str, str]:
    """The lines for what the Compose file itself takes from the settings; none for what is at its default."""
    default = Settings()
    told = {name: (read_from(settings), read_from(default)) for name, read_from in _OF_SETTINGS.items()}
    return {name: str(value) for name, (value, usual) in told.items() if value != usual}


def merged(present: str, lines: Mapping[str, str]) -> str:
    """The file's text: `present` with our lines set to `lines`; those of ours that are no longer wanted are gone."""
    # In the classroom's machine the operators' address is ours as well; elsewhere whoever set it meant it.
    also = {_BIND} if "SERENO_LAB_VM" in read(present) else set()
    ours = {*OWNED, *lines, *also}
    theirs = [line for line in present.splitlines() if line != _HEAD and _name(line) not in ours]
    return "\n".join([_HEAD, *(f"{name}={value}" for name, value in lines.items()), *theirs]) + "\n"


def read(text: str) -> dict[str, str]:
    """Name → value of every line that sets one, as Compose reads them."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def chosen(lines: Mapping[str, str], database: str) -> tuple[str | None, bool]:
    """The profile that was chosen before, None when none was; and whether this is the classroom.

    `lines` are the file's (see `read`); `database` is the image of the database's container, empty when there is none.
    The file goes first: it is where a wrong choice is mended.
    """
    image = lines.get("SERENO_DATABASE_IMAGE") or database
    told = lines.get("SERENO_PROFILE")
    profile = ("small" if "mariadb" in image else "standard") if image else told if told in PROFILES else None
    return profile, lines.get("SERENO_LAB") == "1"


def free_network(taken: Iterable[IPv4Network]) -> IPv4Network | None:
    """The first of a few rarely used networks that overlaps none of `taken`; None when all do."""
    busy = list(taken)
    for candidate in map(IPv4Network, _NETWORKS):
        if not any(candidate.overlaps(each) for each in busy):
            return candidate
    return None


def network_lines(network: IPv4Network) -> dict[str, str]:
    """The lines that put the network `ops` there; none for the first choice, which the Compose file has already."""
    if str(network) == _NETWORKS[0]:
        return {}
    return {"SERENO_OPS_SUBNET": str(network), "SERENO_OPS_GATEWAY": str(network.network_address + 1)}


def _name(line: str) -> str:
    return line.partition("=")[0].strip()
