import re

import pytest

from sereno.guard.errors import PasswordIsName, PasswordRefused, PasswordTooCommon, PasswordTooLong, PasswordTooShort
from sereno.guard.passwords import check_new_password, generate_password


@pytest.mark.parametrize(
    "password",
    [
        "the owl sleeps at noon",
        "tres tristes tigres 3",
        "ñandú-cóndor-chucao",
        "correct horse battery",
        "x8$kQ2!mZp0w",
        "x" * 3 + "quiet lamps burn" + "y" * 237,
    ],
)
def test_long_and_unlikely_passwords_are_good(password: str) -> None:
    check_new_password(password, user_name="ana")


@pytest.mark.parametrize(
    ("password", "kind"),
    [
        ("elevensigns", PasswordTooShort),
        ("", PasswordTooShort),
        ("quiet lamps " * 22, PasswordTooLong),
        ("ana.maria.perez", PasswordIsName),
        ("ANA.MARIA.PEREZ", PasswordIsName),
        ("ana.maria.perez2026", PasswordIsName),
        ("passwordpassword", PasswordTooCommon),
        ("Password2026!", PasswordTooCommon),
        ("Contraseña123", PasswordTooCommon),
        ("administrator1", PasswordTooCommon),
        ("123456789012", PasswordTooCommon),
        ("210987654321", PasswordTooCommon),
        ("qwertyuiopas", PasswordTooCommon),
        ("abcdefghijklm", PasswordTooCommon),
        ("aaaaaaaaaaaa", PasswordTooCommon),
        ("abcabcabcabcabc", PasswordTooCommon),
        ("ab12ab12ab12", PasswordTooCommon),
        ("1q2w3e4r5t6y", PasswordTooCommon),
    ],
)
def test_bad_passwords_are_refused_with_the_reason(password: str, kind: type[PasswordRefused]) -> None:
    with pytest.raises(kind) as refusal:
        check_new_password(password, user_name="ana.maria.perez")
    assert refusal.value.next_step


def test_generated_passwords_keep_the_rules_and_differ() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert re.fullmatch(r"([a-z]{4}-){4}[a-z]{4}", password)
        check_new_password(password, user_name="admin")
