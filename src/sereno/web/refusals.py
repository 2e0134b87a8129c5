"""What the guard's refusals say to people, and at which field of a form they stand."""

from __future__ import annotations

from flask_babel import gettext as _

from sereno.core.errors import SerenoError
from sereno.guard import errors
from sereno.guard.passwords import MAX_LENGTH, MIN_LENGTH
from sereno.web.i18n import N_

_WORDS: dict[type[SerenoError], tuple[str, str]] = {
    errors.NameRefused: (
        "name",
        N_("Use 2 to 64 of the letters a-z, digits and . _ @ -, beginning with a letter or digit."),
    ),
    errors.NameTaken: ("name", N_("Another account has this name; choose another one.")),
    errors.LastAdministrator: (
        "",
        N_("This is the last active administrator. Make another account administrator first."),
    ),
    errors.OwnAccount: ("", N_("This is your own account. Let another administrator do it.")),
    errors.PasswordTooShort: (
        "new",
        N_("Use at least %(shortest)s characters. A sentence of four or five words is long and easy to remember."),
    ),
    errors.PasswordTooLong: ("new", N_("Use at most %(longest)s characters.")),
    errors.PasswordIsName: ("new", N_("This is little more than the user name. Choose another password.")),
    errors.PasswordTooCommon: (
        "new",
        N_("This is one of the passwords that are tried first. Choose one that nobody else would."),
    ),
    errors.PasswordUnchanged: ("new", N_("This is the present password. Choose another one.")),
    errors.PasswordsDiffer: ("repeated", N_("The two new passwords differ. Type the same one twice.")),
    errors.WrongPassword: ("present", N_("The present password is wrong.")),
    errors.WrongCredentials: ("", N_("Name or password are wrong. Check both; capital letters count in the password.")),
    errors.TooManyAttempts: (
        "",
        N_(
            "Too many failed attempts. Seconds to wait before the next one: %(wait)s. "
            "If the password is lost, an administrator can reset it."
        ),
    ),
    errors.NoSuchUser: ("", N_("This account is not there any more. Reload the list.")),
    errors.TokenNameRefused: (
        "name",
        N_("Use 1 to 48 of the letters a-z, digits and . _ @ -, beginning with a letter or digit."),
    ),
    errors.TokenNameTaken: ("name", N_("A token of this name is in use. Choose another name, or revoke that one.")),
    errors.ScopeRefused: ("scopes", N_("Choose at least one.")),
    errors.ExpiryRefused: ("days", N_("Choose one of the days of the list.")),
    errors.ScopeBeyondRole: ("scopes", N_("One of these needs a higher role than yours.")),
    errors.EndlessRefused: ("days", N_("Only an administrator can make a token that never ends.")),
    errors.NoSuchToken: ("", N_("This token is not there any more. Reload the list.")),
    errors.NoSuchSession: ("", N_("This session has ended already.")),
}


def field_of(error: SerenoError) -> str:
    """The field at which the refusal stands; empty: the form as a whole."""
    return _WORDS.get(type(error), ("", ""))[0]


def words_of(error: SerenoError) -> str:
    """The refusal in the reader's language; one without words here says its own, in English."""
    _field, words = _WORDS.get(type(error), ("", ""))
    if not words:
        return error.message
    return str(_(words, shortest=MIN_LENGTH, longest=MAX_LENGTH, wait=getattr(error, "wait_seconds", 0)))
