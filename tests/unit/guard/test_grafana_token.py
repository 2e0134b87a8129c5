from datetime import UTC, datetime, timedelta

import jwt
import pytest

from sereno.guard.grafana_token import LIFETIME, grafana_token
from sereno.guard.model import Identity, Role
from sereno.serve.secrets import new_private_key, public_key_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = new_private_key()


def identity(name: str = "alice", role: Role = Role.ADMIN) -> Identity:
    return Identity(user_id=7, name=name, role=role, language=None, must_change_password=False, session_id=1)


def claims(token: str, *, key: str = KEY, now: datetime = NOW) -> dict[str, object]:
    """What Grafana reads out of a token, checking as it does."""
    options = {"verify_exp": False, "verify_iat": False, "require": ["sub", "exp", "iat", "iss", "aud"]}
    read: dict[str, object] = jwt.decode(
        token, public_key_of(key), algorithms=["RS256"], audience="grafana", issuer="sereno-desk", options=options
    )
    return read


@pytest.mark.parametrize(("role", "named"), [(Role.VIEWER, "Viewer"), (Role.OPERATOR, "Editor"), (Role.ADMIN, "Admin")])
def test_each_role_has_its_counterpart_in_grafana(role: Role, named: str) -> None:
    assert claims(grafana_token(identity(role=role), KEY, now=NOW))["role"] == named


def test_it_is_valid_for_a_minute() -> None:
    read = claims(grafana_token(identity(), KEY, now=NOW))
    assert read["iat"] == NOW.timestamp()
    assert read["exp"] == (NOW + LIFETIME).timestamp()
    assert timedelta(minutes=1) == LIFETIME


def test_nobody_of_ours_takes_the_login_of_an_account_of_grafanas_own() -> None:
    read = claims(grafana_token(identity(name="admin", role=Role.VIEWER), KEY, now=NOW))
    assert read["login"] == "admin@desk"
    assert read["sub"] == "7"
    assert read["name"] == "admin"


def test_only_the_desks_key_makes_a_token_that_is_believed() -> None:
    with pytest.raises(jwt.InvalidSignatureError):
        claims(grafana_token(identity(), new_private_key(), now=NOW))


def test_nothing_secret_stands_in_it() -> None:
    read = claims(grafana_token(identity(), KEY, now=NOW))
    assert set(read) == {"sub", "login", "name", "email", "role", "iss", "aud", "iat", "exp"}
    assert str(read["email"]).endswith(".invalid")
