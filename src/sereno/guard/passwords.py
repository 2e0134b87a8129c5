"""What a password must be, and making one up. After NIST SP 800-63B: length counts, mixed signs are not demanded."""

from __future__ import annotations

import secrets
import unicodedata

from sereno.guard.errors import PasswordIsName, PasswordTooCommon, PasswordTooLong, PasswordTooShort

MIN_LENGTH = 12
MAX_LENGTH = 256

_STEMS = frozenset(
    """
    password passwort passw0rd p@ssword p@ssw0rd pass passpass passwordpassword contrasena contraseña contraseñas clave
    claves micontraseña micontrasena miclave miclavesecreta secreto secret topsecret mysecret admin administrator
    administrador adminadmin root rootroot toor sereno serenosereno letmein letmeinnow opensesame abretesesamo welcome
    welcomewelcome bienvenido bienvenida bienvenidos changeme changemenow cambiame cambiamepronto default iloveyou
    iloveyousomuch teamo tequiero tequieromucho qwerty qwertyqwerty qwertyuiop qwertyuiopas asdfghjkl zxcvbnm
    qazwsxedc qazwsxedcrfv football baseball basketball futbol superman batman dragon monkey sunshine princess princesa
    trustnoone trustno computer computadora ordenador internet internetinternet master shadow michael jordan
    correcthorsebatterystaple monitoring monitor grafana prometheus alertmanager mysql mariadb vagrant docker server
    servidor administracion administration mypassword yourpassword thisismypassword testtest testpassword temporary
    temporal november december january february summer winter spring autumn verano invierno primavera hello hola
    holahola holamundo helloworld whatever nothing nada superuser superusuario usuario user username guest invitado
    """.split()  # noqa: SIM905 -- a list of words reads as words.
)
"""Words that guessing programs begin with; digits and signs before and after them make nothing better."""

_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklñzxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
)
_DIGITS_AND_SIGNS = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿"
_WITHOUT_DIGITS_AND_SIGNS = str.maketrans("", "", _DIGITS_AND_SIGNS)
_LONGEST_PERIOD = 4
_FEWEST_DIFFERENT = 5

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aeiou"


def normalized(password: str) -> str:
    """The password in one spelling (NFKC): an é typed as one sign or as two is the same password."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, user_name: str) -> None:
    """Raise the PasswordRefused that says why `password` is no good for `user_name`; None when it is good."""
    folded = normalized(password).casefold()
    if len(folded) < MIN_LENGTH:
        raise PasswordTooShort(
            f"the password has {len(folded)} signs; at least {MIN_LENGTH} are needed",
            next_step="a sentence of four or five words is long and easy to keep",
        )
    if len(folded) > MAX_LENGTH:
        raise PasswordTooLong(f"the password has more than {MAX_LENGTH} signs", next_step="choose a shorter one")
    if _is_little_more_than(folded, user_name.casefold()):
        raise PasswordIsName("the password is little more than the user name", next_step="choose another one")
    if _is_common(folded):
        raise PasswordTooCommon(
            "the password is one of those that are tried first", next_step="choose one that nobody else would"
        )


def _is_little_more_than(folded: str, name: str) -> bool:
    rest = folded.replace(name, "")
    letters = rest.translate(_WITHOUT_DIGITS_AND_SIGNS)
    return rest != folded and len(letters) < MIN_LENGTH // 2


def _is_common(folded: str) -> bool:
    letters = folded.strip(_DIGITS_AND_SIGNS)
    return (
        not letters  # digits and signs only
        or letters in _STEMS
        or len(set(folded)) < _FEWEST_DIFFERENT
        or any(folded in run or folded in run[::-1] for run in _RUNS)
        or any(folded == (folded[:period] * len(folded))[: len(folded)] for period in range(1, _LONGEST_PERIOD + 1))
    )


def generate_password() -> str:
    """A password to be read out or copied once: five groups of two syllables, 63 random bits."""
    groups = ("".join(secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(2)) for _ in range(5))
    return "-".join(groups)
