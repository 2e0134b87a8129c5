"""How long a sign-in has to wait after failures. Pure arithmetic; counts come from the store.

Guessing is slowed per account and per client address, with a delay that doubles up to 15 minutes, and nobody is ever
locked out for good:

- A browser that has signed in to the account before (a signed cookie names it) has a count of its own: whatever
  strangers do, its owner gets in.
- From an address without failures of its own in the last 15 minutes an attempt is always made: the account's count
  alone stops nobody who comes with the right password for the first time.
- Only attempts that were really made count. Refused ones don't prolong the wait.
- One that is being made counts until it is known how it ends, so that many guesses sent at once gain nothing. Who would
  have to wait for these alone is not refused but held up for the moment that they take (`sign_in`).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
"""Failures older than this are forgotten."""

DEAD_AFTER = timedelta(seconds=30)
"""An attempt that has been under way for longer belongs to a process that has died: it counts as failed."""

LONGEST_WAIT = timedelta(minutes=15)

FREE_ON_ACCOUNT_FROM_ADDRESS = 5
FREE_FROM_ADDRESS = 15
"""Several people may share an address, each with a typing error or two."""

FREE_ON_ACCOUNT = 15
FREE_FROM_DEVICE = 5
DEVICE_LOSES_TRUST_AT = 20
"""A known browser with so many failures is probably not in its owner's hands."""


@dataclass(frozen=True, slots=True)
class Failures:
    """How many attempts failed within the window, and when the last one did (None when none)."""

    count: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The failures that bear on one attempt.

    `pair`: this account from this address; `address`: any account from this address; `account`: this account from
    anywhere; all three without known browsers. `device`: this known browser, None when the browser is unknown.
    """

    pair: Failures = Failures()
    address: Failures = Failures()
    account: Failures = Failures()
    device: Failures | None = None


def delay(count: int, free: int) -> timedelta:
    """The pause after `count` failures of which `free` cost nothing: 1 s, 2 s, 4 s … up to 15 minutes."""
    if count < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(count - free, 20)), LONGEST_WAIT)


def wait(history: History, *, now: datetime) -> timedelta:
    """How long from `now` until the next attempt is made; zero when it may be made at once."""
    if history.device is not None and history.device.count < DEVICE_LOSES_TRUST_AT:
        return _remaining(history.device, FREE_FROM_DEVICE, now)
    waits = [
        _remaining(history.pair, FREE_ON_ACCOUNT_FROM_ADDRESS, now),
        _remaining(history.address, FREE_FROM_ADDRESS, now),
    ]
    if history.pair.last_at is not None and now - history.pair.last_at < LONGEST_WAIT:
        waits.append(_remaining(history.account, FREE_ON_ACCOUNT, now))
    return max(waits)


def _remaining(failures: Failures, free: int, now: datetime) -> timedelta:
    if failures.last_at is None:
        return timedelta(0)
    return max(failures.last_at + delay(failures.count, free) - now, timedelta(0))


def client(address: str) -> str:
    """The client that an address stands for: itself, or for IPv6 its /64, since every home has that many."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address) + "/64"
    return str(parsed)
