"""Refusals of this room, one kind per reason, so that `web/` can say each in the reader's language."""

from __future__ import annotations

from sereno.core.errors import Conflict, Forbidden, NotFound, SerenoError, UsageError


class NameRefused(UsageError):
    """The user name has a form that is not allowed."""


class NameTaken(Conflict):
    """Another account has that user name."""


class NoSuchUser(NotFound):
    """No account has that number or name."""


class NoSuchSession(NotFound):
    """The session has ended already, or is somebody else's."""


class LastAdministrator(Conflict):
    """Without this account nobody could administer any more."""


class OwnAccount(Conflict):
    """One's own account is not to be disabled, deleted or demoted by accident; another administrator can do it."""


class PasswordRefused(UsageError):
    """The new password does not keep the rules; the subclass says which."""


class PasswordTooShort(PasswordRefused):
    """Fewer signs than required."""


class PasswordTooLong(PasswordRefused):
    """More signs than anyone types, only work for the hash."""


class PasswordIsName(PasswordRefused):
    """It is the user name, or little more."""


class PasswordTooCommon(PasswordRefused):
    """It is among those that are tried first, or repeats one pattern."""


class PasswordUnchanged(PasswordRefused):
    """The new password is the old one."""


class PasswordsDiffer(PasswordRefused):
    """The repetition is not the same as the new password."""


class WrongCredentials(SerenoError):
    """Name or password are wrong, or the account is disabled: which of them is not told (HTTP 401)."""


class WrongPassword(UsageError):
    """The present password, asked for before a change, is wrong."""


class TooManyAttempts(SerenoError):
    """The next attempt has to wait (HTTP 429)."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(
            f"too many failed attempts; the next is possible in {wait_seconds} s",
            next_step="wait, or reset the password on the server: ./sereno user reset NAME",
        )
        self.wait_seconds = wait_seconds


class TokenNameRefused(UsageError):
    """The name of a token has a form that is not allowed."""


class TokenNameTaken(Conflict):
    """Another living token has that name."""


class NoSuchToken(NotFound):
    """No token has that number or name, or it is somebody else's."""


class ScopeRefused(UsageError):
    """No scope was named, or one that does not exist."""


class ExpiryRefused(UsageError):
    """A token may not live so long, or so short."""


class ScopeBeyondRole(Forbidden):
    """A scope needs a higher role than its maker has."""


class EndlessRefused(Forbidden):
    """The token would never end, which only an administrator may choose, or it would outlive the one that makes it."""
