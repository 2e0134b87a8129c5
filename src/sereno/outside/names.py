"""Names in DNS and this machine's own addresses, as a real server's doctor has to compare them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import psutil
import urllib3

MARK_PATH = "/.well-known/acme-challenge/sereno"
"""Below it the worker leaves a mark that no other machine has; where authorities ask, so can we."""

TIMEOUT_SECONDS = 4.0


def addresses_of(name: str) -> list[str]:
    """Where the name leads, by this machine's resolver; empty when it has no address."""
    try:
        found = socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


def own_addresses() -> list[str]:
    """This machine's addresses, without loopback and without those that hold on one wire only."""
    found = [
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    ]
    return [
        each for each in dict.fromkeys(found) if not (ip_address(each).is_loopback or ip_address(each).is_link_local)
    ]


def mark_at(host: str, port: int) -> str | None:
    """The mark that is shown there over plain HTTP; empty when something else answers, None when nobody does."""
    pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)
    try:
        answer = pool.request("GET", f"http://{host}:{port}{MARK_PATH}", redirect=False)
    except (urllib3.exceptions.HTTPError, OSError):
        return None
    return answer.data[:200].decode("ascii", "replace").strip() if answer.status == 200 else ""
