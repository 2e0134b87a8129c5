"""What may not be probed from the desk, and why. Pure: names are looked up by whoever asks.

Whoever edits the settings file is the administrator of this machine, so the file's probes are not judged. At the desk
every operator may add one, and a probe's answer can be read bit by bit (`contains`); so what lies inside is closed:
link-local and metadata addresses, which give a cloud machine's keys to whoever asks from it, and the stack's own ports.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from sereno.watch.probes.model import Kind

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refusal(StrEnum):
    """Why something may not be probed."""

    SCHEME = "scheme"
    USERINFO = "userinfo"
    MALFORMED = "malformed"
    LINK_LOCAL = "link-local"
    METADATA = "metadata"
    INSIDE = "inside"
    NOBODY = "nobody"
    NOT_FOUND = "not-found"
    NO_PING = "no-ping"


METADATA = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"))
)
"""Where clouds answer with a machine's own keys, beside 169.254.0.0/16: AWS, Google, Alibaba, Azure, Oracle."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a probe asks. `port` is None for a ping."""

    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """An address of the asked host; `is_near` says that it is this machine's own (or, in Compose, the engine's)."""

    address: str
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """What is the stack's own: ports that listen on this machine's addresses, and containers with their addresses."""

    ports: frozenset[int] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def whom(kind: Kind, target: str) -> Asked | Refusal:
    """Whom a target asks, or why it can't be told."""
    try:
        if kind is Kind.HTTP:
            return _of_url(target)
        if kind is Kind.TCP:
            return _with_port(target, None)
        if kind is Kind.DNS:
            return _with_port(target.rpartition("@")[2], _DNS_PORT)
    except ValueError:
        return Refusal.MALFORMED
    return Asked(target.strip("[]"), None) if target else Refusal.MALFORMED


def _of_url(target: str) -> Asked | Refusal:
    parts = urlsplit(target)
    if parts.scheme.lower() not in _DEFAULT_PORTS:
        return Refusal.SCHEME
    if parts.username is not None or parts.password is not None:
        return Refusal.USERINFO
    host = (parts.hostname or "").rstrip(".")
    # Programs differ in what they make of a backslash or a control character; nobody needs them.
    if not host or re.search(r"[\\\x00-\x20\x7f]", target):
        return Refusal.MALFORMED
    return Asked(host, _valid(parts.port if parts.port is not None else _DEFAULT_PORTS[parts.scheme.lower()]))


def _with_port(text: str, default: int | None) -> Asked:
    parts = urlsplit(f"//{text}")
    host, port = (parts.hostname or "").rstrip("."), parts.port if parts.port is not None else default
    if not host or port is None or parts.username is not None:
        raise ValueError(text)
    return Asked(host, _valid(port))


def _valid(port: int) -> int:
    if not 0 < port < 65536:
        raise ValueError(port)
    return port


def refusal(asked: Asked, found: Iterable[Found], inside: Inside) -> Refusal | None:
    """Why `asked`, whose host has the addresses `found`, may not be probed; None when it may.

    One bad address among several is enough: which of them is asked is not the desk's choice for ever.
    """
    if asked.host.lower() in inside.names:
        return Refusal.INSIDE
    addresses = list(found)
    if not addresses:
        return Refusal.NOT_FOUND
    return next((why for each in addresses if (why := _of_address(each, asked.port, inside))), None)


def _of_address(found: Found, port: int | None, inside: Inside) -> Refusal | None:
    address = plain_address(found.address)
    if address in METADATA:
        return Refusal.METADATA
    if address.is_link_local:
        return Refusal.LINK_LOCAL
    if address.is_multicast or address == ipaddress.ip_address("255.255.255.255"):
        return Refusal.NOBODY
    if str(address) in inside.addresses:
        return Refusal.INSIDE
    is_near = found.is_near or address.is_loopback or address.is_unspecified
    return Refusal.INSIDE if is_near and port in inside.ports else None


def plain_address(text: str) -> IpAddress:
    """The address that is really asked: without a zone, and IPv4 where IPv6 only wraps it."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return wrapped or address
    return address


def best_address(found: Iterable[Found], before: str = "") -> str:
    """The one address to ask: the one `before` while it is still there, else IPv4 first; empty when there is none."""
    addresses = [each.address for each in found]
    if before in addresses:
        return before
    return min(addresses, key=lambda text: ipaddress.ip_address(text.partition("%")[0]).version, default="")
