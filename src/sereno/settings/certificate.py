"""Which names this server has, and where the certificate for them comes from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sereno.settings.section import Section


def _listed(value: object) -> object:
    """The environment has no lists: there the items are written with commas or spaces between them."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


HOST_NAME = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
HostNames = Annotated[
    tuple[Annotated[str, Field(pattern=f"^{HOST_NAME}$", max_length=253)], ...], BeforeValidator(_listed)
]
"""Names in DNS, or IPv4 addresses."""


def is_public_name(name: str) -> bool:
    """Whether `name` can be a server's own in DNS: not empty, not localhost, not an address."""
    if not name or name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        ip_address(name)
    except ValueError:
        return True
    return False


class CertificateSection(Section):
    """Where the certificate for HTTPS comes from."""

    kind: Literal["self-signed", "own", "acme"] = Field(
        "self-signed",
        description="self-signed (made here; browsers warn), own (the pair of site.certificate and site.key, which is "
        "enough to set), or acme (from Let's Encrypt, whose terms of service you accept by this).",
    )
    email: str = Field(
        "", pattern=r"^([^@\s]+@[^@\s]+)?$", description="Whom the certificate authority may write to; may be empty."
    )
    directory: str = Field(
        "https://acme-v02.api.letsencrypt.org/directory",
        pattern=r"^https://[^\s]+$",
        description="The certificate authority, by the address of its ACME directory.",
    )
    directory_ca: str = Field(
        "",
        description="Path, seen from this file, of the certificate (PEM) by which the directory itself is trusted, "
        "for an authority of your own; empty: the public ones.",
    )
    key_type: Literal["ecdsa", "rsa"] = Field(
        "ecdsa", description="Kind of key: ecdsa (P-256), or rsa (2048 bits) for very old clients."
    )
