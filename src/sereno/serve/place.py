"""Where things are on one platform: addresses, folders, secrets. Templates and components ask a `Place`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from sereno.settings import Settings

COMPOSE_SECRETS = PurePosixPath("/run/sereno/secrets")
"""Where the volume of secrets is mounted in a container; a folder for each reader."""

COMPOSE_WWW = PurePosixPath("/srv/sereno/www")
COMPOSE_TLS = PurePosixPath("/srv/sereno/tls")
"""Where the volume with Nginx's certificate is mounted: written by the worker, read by Nginx."""

_NOT_HERE = PurePosixPath("/nonexistent")
COMPOSE_PROBES = PurePosixPath("/srv/sereno/probes")
"""Where the volume with blackbox-exporter's file is mounted: written by `prepare` and the worker, read by it."""

COMPOSE_BACKUPS = PurePosixPath("/var/lib/sereno/backups")
"""Where backups lie, for the worker alone: the volume of that name, or the host's folder that the settings name."""

COMPOSE_OWN = PurePosixPath("/srv/sereno/own")
"""Where the worker sees what users keep in the clone (`OWN_FOLDERS`), for backups."""

COMPOSE_SETTINGS = PurePosixPath("/etc/sereno/settings")
"""Where the desk's containers find `sereno.toml`."""


@dataclass(frozen=True, slots=True)
class Place:
    """One platform's answer to "where?"; values only, so that rendering stays a pure function.

    `hosts` and `ports` map a component's name to the address under which its neighbours reach it. `versions` maps a
    component's name to the version of its program where flags depend on it. Natively everything lies below `home`.
    """

    platform: Literal["native", "compose"]
    profile: Literal["small", "standard"]
    settings: Settings
    home: PurePosixPath
    hosts: Mapping[str, str]
    ports: Mapping[str, int]
    versions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    lab: bool = False
    user: str = ""
    """The user that native processes run as."""
    ipv6: bool = False
    """Whether this machine speaks IPv6 (natively; a container's ports are published for both)."""
    openssl: tuple[int, ...] = (3, 0)
    """The OpenSSL that Nginx has: the post-quantum key exchange is there from 3.5."""

    name_servers: tuple[str, ...] = ()
    """Whom this machine asks for names, as Nginx writes addresses (natively; a container asks Docker)."""

    absent: frozenset[str] = frozenset()
    """Optional components that are not installed here; someone else may listen on their ports."""

    environment: PurePosixPath = _NOT_HERE
    """The virtual environment of the desk's processes (natively)."""
    program: PurePosixPath = _NOT_HERE
    """The folder that holds the package `sereno` (natively)."""
    base_python: PurePosixPath = _NOT_HERE
    """This system's Python, for what is to stay the same whatever the program's state (natively)."""

    overrides: Mapping[str, str] = field(default_factory=dict)
    """Settings that the environment of `up` overrides (natively): the desk reads the same file, and has to know."""

    @property
    def native(self) -> bool:
        """Whether components are processes of this machine."""
        return self.platform == "native"

    def address(self, component: str) -> str:
        """`host:port` of a component as its neighbours reach it."""
        return f"{self.hosts[component]}:{self.ports[component]}"

    def version(self, component: str) -> tuple[int, ...]:
        """The version of a component's program, empty when it is not known."""
        return self.versions.get(component, ())

    def config(self, *parts: str) -> PurePosixPath:
        """A path below the folder of rendered configuration (native: `home/etc`)."""
        return self.home.joinpath("etc", *parts)

    def data(self, *parts: str) -> PurePosixPath:
        """A path below the folder of what must survive (native: `home/data`)."""
        return self.home.joinpath("data", *parts)

    def run(self, *parts: str) -> PurePosixPath:
        """A path below the folder of sockets and pid files (native: `home/run`)."""
        return self.home.joinpath("run", *parts)

    def log(self, *parts: str) -> PurePosixPath:
        """A path below the folder of logs (native: `home/log`)."""
        return self.home.joinpath("log", *parts)

    @property
    def www(self) -> PurePosixPath:
        """The folder that Nginx serves: `static/`, `errors/`, `status/`."""
        return self.home / "www" if self.native else COMPOSE_WWW

    @property
    def tls(self) -> PurePosixPath:
        """The folder that holds the certificate and key to be served (`outside/tls_folder.py`)."""
        return self.home / "tls" if self.native else COMPOSE_TLS

    @property
    def probes(self) -> PurePosixPath:
        """The folder of blackbox-exporter's file, which the worker keeps in step with the probes that are stored."""
        return self.config("blackbox-exporter") if self.native else COMPOSE_PROBES

    @property
    def access_socket(self) -> PurePosixPath:
        """Where Nginx tells the worker of each request to a service of the user's own, in a folder that both reach."""
        return (self.home / "run" if self.native else COMPOSE_WWW) / "access.sock"

    def secret(self, name: str, reader: str) -> PurePosixPath:
        """The file that holds the secret `name` for the component `reader`."""
        return self.home / "secrets" / name if self.native else COMPOSE_SECRETS / reader / name
