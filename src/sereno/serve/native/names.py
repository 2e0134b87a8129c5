"""Whom this machine asks for names."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path


def name_servers(file: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """The name servers in resolv.conf, as Nginx writes addresses; none when it can't be read.

    Those of one interface (`fe80::1%eth0`) are left out: Nginx has no word for them.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    told = re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE)
    return tuple(f"[{each}]" if ":" in each else each for each in told if "%" not in each and _is_address(each))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
