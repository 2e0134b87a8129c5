"""What a probe is: something that is asked again and again from here. Values only, no input or output."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sereno.core.text import Text
from sereno.core.units import parse_duration
from sereno.settings import Settings


class Kind(StrEnum):
    """How something is asked."""

    HTTP = "http"
    TCP = "tcp"
    ICMP = "icmp"
    DNS = "dns"


class Source(StrEnum):
    """Who asked for the probe: the settings file, somebody at the desk, or a service of the settings file."""

    FILE = "file"
    STORED = "stored"
    SERVICE = "service"


DESKS_OWN_PROBES = ("desk", "redirect")
"""The two that watch the desk itself; no other may have their names."""

CERTIFICATE_DAYS = (0, 7, 14, 21, 30, 60)
"""How early a stored probe may warn of a certificate's end: rules are files, so they know these and the file's own."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to ask, and what is a good answer.

    `target` is an address (http), host:port (tcp), a host (icmp) or NAME@SERVER (dns). `status` empty means 200-299.
    `certificate_days` is 0 where nobody wants to know when a certificate ends. `hostname` is the name to ask for where
    the target's own host is another one (a server asked by its address, a service behind Nginx); `verify` says whether
    its certificate must be one that browsers trust. `follow` says whether redirects are followed. `public` is whether
    the status page shows it.
    """

    name: str
    kind: Kind
    target: str
    source: Source
    title: Text
    status: tuple[int, ...] = ()
    contains: str = ""
    certificate_days: int = 21
    interval_seconds: int = 15
    group: str = ""
    public: bool = True
    hostname: str = ""
    verify: bool = True
    follow: bool = True

    @property
    def is_encrypted(self) -> bool:
        """Whether the answer comes with a certificate."""
        return self.kind is Kind.HTTP and self.target.lower().startswith("https://")


def file_probes(settings: Settings) -> tuple[Probe, ...]:
    """The probes of the settings file, in its order."""
    return tuple(
        Probe(
            name=each.name,
            kind=Kind(each.kind),
            target=each.target,
            source=Source.FILE,
            title=Text(each.title or each.name, each.title_es or each.title or each.name),
            status=each.status,
            contains=each.contains,
            certificate_days=each.certificate_days,
            interval_seconds=round(parse_duration(each.interval).total_seconds()),
            group=each.group,
            public=each.status_page,
            verify=each.verify,
        )
        for each in settings.probes
    )
