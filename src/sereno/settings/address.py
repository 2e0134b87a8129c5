"""Whether what is said of names and certificate fits together."""

from __future__ import annotations

from sereno.core.errors import SettingsError
from sereno.settings.model import Settings


def check_address(settings: Settings) -> None:
    """Refuse settings that are allowed one by one and not together. Raises SettingsError with the way out."""
    site, certificate = settings.site, settings.certificate
    if bool(site.certificate) != bool(site.key):
        raise SettingsError(
            "site.certificate and site.key belong together; only one of them is set",
            next_step="set both, or neither and Sereno makes a self-signed pair",
        )
    if site.http_port == site.https_port:
        raise SettingsError(
            f"site.http_port and site.https_port are both {site.http_port}",
            next_step="give them different ports",
        )
    if site.aliases and not site.domain:
        raise SettingsError(
            f"site.aliases names {', '.join(site.aliases)}, but site.domain is empty",
            next_step="write the first of the names into site.domain",
        )
    if certificate.kind == "own" and not site.certificate:
        raise SettingsError(
            'certificate.kind = "own", but site.certificate and site.key are empty',
            next_step="write there where your certificate and its key lie",
        )
    if certificate.kind == "acme":
        _check_for_acme(settings)


def _check_for_acme(settings: Settings) -> None:
    """What a public certificate authority would refuse, told before it is asked."""
    site = settings.site
    if site.certificate:
        raise SettingsError(
            'certificate.kind = "acme", but site.certificate names a certificate of your own',
            next_step='empty site.certificate and site.key, or set certificate.kind = "own"',
        )
    others = [name for name in site.names if name not in site.public_names]
    if others or not site.names:
        named = f"none is given for {', '.join(others)}" if others else "site.domain is empty"
        raise SettingsError(
            f'certificate.kind = "acme" needs names in DNS that lead to this server; {named}',
            next_step="write this server's name into site.domain, and only such names into site.aliases",
        )
