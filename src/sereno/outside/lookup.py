"""Names and addresses as this machine knows them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread

LONGEST_WAIT_SECONDS = 5.0
"""The C library may ask several name servers, each for many seconds; nobody waits for that."""


def addresses(host: str, *, seconds: float = LONGEST_WAIT_SECONDS) -> tuple[str, ...]:
    """The addresses of a name (or of an address itself); empty when it is not found, or not in time."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    # A daemon: a name server that never answers must not hold up the end of the program.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return tuple(found)


def is_own(address: str) -> bool:
    """Whether this machine (or container) has the address: only its own can be listened at."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def gateway(routes: Path = Path("/proc/net/route")) -> str | None:
    """The IPv4 address of the default gateway; None where there is none."""
    with suppress(OSError, ValueError, IndexError):
        for line in routes.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[1] == "00000000" and fields[2] != "00000000":
                return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    return None


def may_ping(groups: Iterable[int], file: Path = Path("/proc/sys/net/ipv4/ping_group_range")) -> bool:
    """Whether a program with these groups and without root's rights may send pings here; a file away says no."""
    try:
        lowest, highest = (int(number) for number in file.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return False
    return any(lowest <= group <= highest for group in groups)
