"""What has to be secret: names, who reads each, and how its text is made. Values only; writing is a platform's work."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PASSWORD_LENGTH = 32
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
LAB_GRAFANA_PASSWORD = "admin123"  # noqa: S105 -- the seed's own, for the classroom set-up alone.


def new_password() -> str:
    """32 letters and digits (190 bits), so that no configuration format has to quote them."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(PASSWORD_LENGTH))


def new_private_key() -> str:
    """An RSA key of 2048 bits as PEM, for signing the tokens that tell Grafana who comes."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_key_of(private_pem: str) -> str:
    """The public half of a PEM private key, as PEM."""
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: its file's name, the readers who get a file of their own, and how a new one is made.

    `make` is given the texts of the secrets before it in `SECRETS`. A `derived` one is made anew each time, because
    it only repeats others in the format that its reader wants.
    """

    name: str
    readers: tuple[str, ...]
    make: Callable[[dict[str, str]], str]
    derived: bool = False


def _password(_: dict[str, str]) -> str:
    return new_password()


SECRETS: tuple[Secret, ...] = (
    Secret("mysql-root-password", ("mysql",), _password),
    Secret("mysql-app-password", ("desk",), _password),
    Secret("mysql-exporter-password", (), _password),
    Secret("mysql-backup-password", ("desk",), _password),
    Secret("desk-secret-key", ("desk",), _password),
    Secret("first-admin-password", ("desk",), _password),
    Secret("alertmanager-token", ("desk", "alertmanager"), _password),
    Secret("grafana-admin-password", ("grafana",), _password),
    Secret("grafana-secret-key", ("grafana",), _password),
    Secret("grafana-jwt-private.pem", ("desk",), lambda _: new_private_key()),
    Secret(
        "grafana-jwt-public.pem",
        ("grafana",),
        lambda made: public_key_of(made["grafana-jwt-private.pem"]),
        derived=True,
    ),
)
"""In the order in which they are made. The two that need addresses (`mysql-users.sql` and `mysqld-exporter.cnf`)
are rendered by `serve.render`."""
