"""Probes that were added at the desk: what may be stored, and how it is handed to Prometheus. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from pydantic import ValidationError

from sereno.core.errors import Conflict, NotFound, UsageError
from sereno.core.text import Text
from sereno.core.units import parse_duration
from sereno.settings import own
from sereno.watch.probes.judge import Asked, Refusal, whom
from sereno.watch.probes.model import CERTIFICATE_DAYS, Kind, Probe, Source

LARGEST_NUMBER_OF_PROBES = 200


class NoSuchProbe(NotFound):
    """No stored probe has that number or name."""


class ProbeRefused(UsageError):
    """A field has a value that is not allowed; `field` is its name, empty for the whole."""

    def __init__(self, field: str, message: str, *, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.field = field


class TargetRefused(ProbeRefused):
    """What is to be probed may not be, for `reason`."""

    def __init__(self, reason: Refusal, target: str) -> None:
        next_step = NEXT_STEPS.get(reason, "choose another target; what is inside here is measured already")
        super().__init__("target", f"{target} may not be probed from here: {REASONS[reason].en}", next_step=next_step)
        self.reason = reason


class NameTaken(Conflict):
    """Something else has that name: another probe, a service, or a component of the stack."""


ALLOW_PINGS = "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647', and the same line in /etc/sysctl.d/ping.conf"
NEXT_STEPS = {
    Refusal.NO_PING: f"allow pings: {ALLOW_PINGS}",
    Refusal.NOT_FOUND: "check its spelling, and this machine's name servers",
    Refusal.SCHEME: "write http://… or https://…, or choose another kind",
    Refusal.USERINFO: "leave user and password out",
    Refusal.MALFORMED: "write https://example.org/health, host:port, a host, or NAME@SERVER",
}
REASONS = {
    Refusal.SCHEME: Text("only http and https addresses are asked", "solo se preguntan direcciones http y https"),
    Refusal.USERINFO: Text(
        "it holds a user name or password, which would stand in every measurement",
        "contiene un usuario o una contraseña, que quedarían en cada medición",
    ),
    Refusal.MALFORMED: Text("it is no address", "no es una dirección"),
    Refusal.LINK_LOCAL: Text(
        "it is a link-local address, where clouds give out a machine's keys",
        "es una dirección de enlace local, donde las nubes entregan las claves de una máquina",
    ),
    Refusal.METADATA: Text(
        "it is a metadata address, where clouds give out a machine's keys",
        "es una dirección de metadatos, donde las nubes entregan las claves de una máquina",
    ),
    Refusal.INSIDE: Text(
        "it is one of Sereno's own internal ports or containers",
        "es uno de los puertos o contenedores internos del propio Sereno",
    ),
    Refusal.NOBODY: Text("it is the address of nobody in particular", "es una dirección de nadie en particular"),
    Refusal.NOT_FOUND: Text("its name is not found", "no se encuentra su nombre"),
    Refusal.NO_PING: Text(
        "this machine keeps pings for root (net.ipv4.ping_group_range)",
        "esta máquina reserva los ping a root (net.ipv4.ping_group_range)",
    ),
}
"""In words, for people."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored probe. `address` is where its host was last found, empty while it is not found (or is no name).

    `refused` says why it rests: its name has since come to mean a place that may not be asked.
    """

    id: int
    probe: Probe
    address: str
    refused: Refusal | None
    looked_up_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime


def accepted(fields: dict[str, object]) -> Probe:
    """The probe that `fields` describe, held to the same rules as those of the settings file.

    Redirects are not followed: where they lead has not been judged. Raises ProbeRefused.
    """
    try:
        read = own.Probe.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "target"
        words = first["msg"].removeprefix("Value error, ")
        raise ProbeRefused(field, f"{field}: {words}", next_step="correct it and send it again") from error
    if read.certificate_days not in CERTIFICATE_DAYS:
        allowed = ", ".join(map(str, CERTIFICATE_DAYS))
        raise ProbeRefused("certificate_days", f"certificate_days: one of {allowed}", next_step="choose one of them")
    return Probe(
        name=read.name,
        kind=Kind(read.kind),
        target=read.target,
        source=Source.STORED,
        title=Text(read.title, read.title_es),
        status=read.status,
        contains=read.contains,
        certificate_days=read.certificate_days,
        interval_seconds=round(parse_duration(read.interval).total_seconds()),
        group=read.group,
        public=read.status_page,
        verify=read.verify,
        follow=False,
    )


def fields_of(probe: Probe) -> dict[str, object]:
    """The probe's values by the names that the settings file, the API and the audit trail give them."""
    return {
        "name": probe.name,
        "title": probe.title.en,
        "title_es": probe.title.es,
        "kind": str(probe.kind),
        "target": probe.target,
        "status": list(probe.status),
        "contains": probe.contains,
        "certificate_days": probe.certificate_days,
        "verify": probe.verify,
        "interval": f"{probe.interval_seconds}s",
        "group": probe.group,
        "status_page": probe.public,
    }


def handed_out(stored: Stored) -> Probe | None:
    """What Prometheus is told to ask; None while the probe rests.

    A name is replaced by the address at which it was found and judged, so that it can't mean another place at the
    moment of asking; the name itself is asked for by `hostname`. A name that is not found becomes one that never is
    (RFC 6761, `.invalid`): the probe then fails for the true reason.
    """
    probe = stored.probe
    asked = whom(probe.kind, probe.target)
    if stored.refused or isinstance(asked, Refusal):
        return None
    if _is_address(asked.host):
        return probe
    host = stored.address or f"{asked.host}.invalid"
    return replace(probe, target=_with_host(probe, host), hostname=asked.host)


def _with_host(probe: Probe, host: str) -> str:
    written = f"[{host}]" if ":" in host else host
    if probe.kind is Kind.ICMP:
        return host
    if probe.kind is Kind.HTTP:
        parts = urlsplit(probe.target)
        port = f":{parts.port}" if parts.port is not None else ""
        return urlunsplit(parts._replace(netloc=f"{written}{port}"))
    query, at, server = probe.target.rpartition("@")
    number = urlsplit(f"//{server}").port
    return f"{query}{at}{written}" + (f":{number}" if number is not None else "")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def likely_kind(target: str) -> Kind:
    """The kind that somebody means who typed only a target."""
    if "://" in target:
        return Kind.HTTP
    if "@" in target:
        return Kind.DNS
    return Kind.TCP if re.search(r"[^:\]]:\d+$|\]:\d+$", target) else Kind.ICMP


def likely_name(target: str, taken: Collection[str]) -> str:
    """A name for a target that was given none: its host, with a number where that is taken."""
    asked = whom(likely_kind(target), target)
    host = asked.host if isinstance(asked, Asked) else target
    plain = re.sub(r"[^a-z0-9]+", "-", host.lower().removeprefix("www.")).strip("-") or "probe"
    name = (plain if plain[0].isalpha() else f"probe-{plain}")[:36].rstrip("-")
    numbered = (f"{name}-{number}" for number in range(2, 10_000))
    return name if name not in taken else next(each for each in numbered if each not in taken)
