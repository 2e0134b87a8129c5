"""Hashing of passwords: argon2id with 19 MiB, t=2, p=1 (OWASP's minimum), one at a time per process.

The library's default of 64 MiB per hash, times many sign-ins at once, would be a way to kill a small machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from sereno.core.errors import Unavailable
from sereno.guard.passwords import normalized

WAIT_SECONDS = 10
"""A hash takes some 20 ms; who waits longer than this stands behind hundreds of others."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def _turn() -> Iterator[None]:
    if not _ONE_AT_A_TIME.acquire(timeout=WAIT_SECONDS):
        raise Unavailable("too many people sign in at this moment", next_step="try again in a few seconds")
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def hash_password(password: str) -> str:
    """The argon2id hash of `password` with a fresh salt. Raises Unavailable when too many wait."""
    with _turn():
        return _HASHER.hash(normalized(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` made `password_hash`; None stands for an unknown account and takes as long to answer False.

    Raises Unavailable when too many wait.
    """
    known = password_hash is not None
    with _turn():
        try:
            return _HASHER.verify(password_hash or _stand_in(), normalized(password)) and known
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _HASHER.check_needs_rehash(password_hash)


@cache
def _stand_in() -> str:
    """A hash that fits no account, checked against when there is none."""
    return _HASHER.hash("no account has this password")
