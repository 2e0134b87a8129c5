"""The keeping of the certificate, introduced to this machine: its folder, its authority, its Nginx."""

from __future__ import annotations

from sereno.keep.certificates.service import Certificates
from sereno.outside.acme_directory import AcmeDirectory
from sereno.outside.certbot import Certbot
from sereno.outside.tls_folder import AUTHORITY, SelfSigned, TlsFolder
from sereno.wiring import Surroundings
from sereno.wiring.tls import TlsPlaces, open_record, open_server


def open_certificates(surroundings: Surroundings, places: TlsPlaces) -> Certificates:
    """What renews; nothing is connected until it is used."""
    settings = surroundings.settings
    trusted = places.folder / AUTHORITY
    return Certificates(
        kind=settings.certificate_kind,
        names=settings.certificate_names,
        directory=settings.certificate.directory,
        folder=TlsFolder(places.folder),
        issuers={
            "acme": Certbot(
                places.folder / "acme",
                webroot=surroundings.www / "acme",
                settings=settings.certificate,
                authority=trusted,
            ),
            "self-signed": SelfSigned(places.folder, settings),
        },
        authority=AcmeDirectory(settings.certificate.directory, trusted),
        server=open_server(surroundings, places),
        store=open_record(surroundings, places),
    )
