"""The user's own services as Nginx meets them: where each one is, and what its addresses become. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from sereno.settings import Settings
from sereno.settings.own import Service

_LOOPBACK_NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Front:
    """One service in nginx.conf."""

    service: Service
    number: int = 1
    """Tells its variables from others'; a part of a regular expression may not have a name as long as a service's."""

    @property
    def is_looked_up(self) -> bool:
        """Whether its host is a name that has to be asked for again and again.

        A name that Nginx looks up at its start would keep it from starting while nobody knows it, and stay what it was
        when another container has taken the service over. `localhost` stands in /etc/hosts, which no resolver reads.
        """
        return not self.has_no_port and not _is_fixed(host_of(self.service.upstream))

    @property
    def cut(self) -> str:
        """What is cut off from the beginning of its addresses, without a slash at the end; empty: nothing."""
        return "" if self.service.keep_path else self.service.location.rstrip("/")

    @property
    def cut_pattern(self) -> str:
        """The same as a regular expression."""
        return re.escape(self.cut).replace("\\-", "-").replace("\\~", "~").replace("\\/", "/")

    @property
    def hidden_path(self) -> str:
        """Where it tells its measurements, as a reader would ask for it; empty when there is nothing to hide."""
        path = self.service.metrics_path
        return "" if path in ("", "/", self.service.health_path) else self.service.outer(path)

    @property
    def has_no_port(self) -> bool:
        """Whether it listens on a Unix socket, where only Nginx can ask it."""
        return self.service.upstream.startswith("unix:")

    @property
    def is_asked_inside(self) -> bool:
        """Whether Prometheus or a probe reaches it only by Nginx's server for components."""
        return self.service.access == "operators" or (self.has_no_port and bool(self.service.metrics_path))

    @property
    def is_on_the_desks_names(self) -> bool:
        """Whether it is a location of the desk's own server, not a server by itself."""
        return not self.service.domain


def fronts(settings: Settings) -> list[Front]:
    """Every service, in the settings' order."""
    return [Front(service, number) for number, service in enumerate(settings.services, start=1)]


def domains(settings: Settings) -> dict[str, list[Front]]:
    """Domain → the services that have it."""
    found: dict[str, list[Front]] = {}
    for front in fronts(settings):
        if front.service.domain:
            found.setdefault(front.service.domain.lower(), []).append(front)
    return found


def host_of(upstream: str) -> str:
    """The host of an upstream that is host:port, without the brackets of IPv6."""
    return upstream.rpartition(":")[0].strip("[]")


def on_the_machine_itself(settings: Settings) -> Iterator[Service]:
    """Services at a loopback address: in a container that would be the container."""
    for service in settings.services:
        host = "" if service.upstream.startswith("unix:") else host_of(service.upstream)
        if host.lower() == _LOOPBACK_NAME or (_is_address(host) and ip_address(host).is_loopback):
            yield service


def _is_fixed(host: str) -> bool:
    return host.lower() == _LOOPBACK_NAME or _is_address(host)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
