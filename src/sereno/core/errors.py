"""Errors that people read: what is wrong, with what, and the next step.

`web/` and `cli/` each turn these into a status or an exit code in one table of their own.
"""

from __future__ import annotations


class SerenoError(Exception):
    """Something failed, in words for a person.

    `message` says what is wrong and with what; `next_step` says what to do about it; `log_tail` holds the last
    lines of the component's own log where they help.
    """

    def __init__(self, message: str, *, next_step: str = "", log_tail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.log_tail = log_tail

    def __str__(self) -> str:
        return self.message


class UsageError(SerenoError):
    """The command or the settings are wrong (exit code 2, HTTP 400)."""


class SettingsError(UsageError):
    """A setting is unknown or has a value that is not allowed; the message names key and value."""


class NotFound(SerenoError):
    """What was asked for does not exist (HTTP 404)."""


class Conflict(SerenoError):
    """The change does not fit the present state; the message says who or what stands in the way (HTTP 409)."""


class Forbidden(SerenoError):
    """The identity is known and may not do this (HTTP 403)."""


class Unavailable(SerenoError):
    """A neighbour (database, Prometheus …) does not answer now; trying again later is right (HTTP 503)."""
