"""The part of `sereno.prepare` that gives Nginx its certificate and key, by way of the volume of certificates."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sereno.core.errors import SettingsError
from sereno.outside.certificate import check_pair, read_certificate
from sereno.outside.tls_folder import (
    CERTIFICATE,
    KEY,
    SCRIPT,
    Source,
    TlsFolder,
    bring_authority,
    is_right,
    make_self_signed,
    typed_names,
)
from sereno.serve.catalogue.desk import DESK_USER
from sereno.settings import Settings

NGINX_GROUP = 0
"""The group of Nginx's first process."""


def give_certificate(clone: Path, folder: Path, kept: Path, program: Path, settings: Settings) -> Iterator[str]:
    """Give Nginx a pair by way of the volume of certificates, where the worker puts what it renews.

    The clone's pair when it is there and right, else one made in the volume. What the worker got from an authority, or
    has made in the present one's place, is served on. `kept` is where earlier versions had the pair that they made.
    """
    own = clone / "docker/nginx/ssl"
    _shared_folder(folder)
    served = TlsFolder(folder)
    candidate: tuple[Path, Path] | None = (own / CERTIFICATE, own / KEY)
    if own.joinpath(CERTIFICATE).is_file() and own.joinpath(KEY).is_file():
        try:
            check_pair(own / CERTIFICATE, own / KEY)
        except SettingsError as error:
            candidate = None
            yield f"docker/nginx/ssl is not used ({error.message}); next: generate-ssl.sh there makes a new pair"
    elif settings.certificate_pair is not None:
        raise SettingsError(
            "site.certificate and site.key name files of the host, which this container cannot see",
            next_step="./sereno up hands them over; or copy them to docker/nginx/ssl/cert.pem and key.pem",
        )
    else:
        candidate = None
    if candidate is None:
        candidate = (folder / CERTIFICATE, folder / KEY)
        if not folder.joinpath(KEY).exists() and kept.joinpath(KEY).exists():
            for name in (CERTIFICATE, KEY):
                (folder / name).write_bytes((kept / name).read_bytes())
        make_self_signed(folder, program / SCRIPT, typed_names(settings))
    if not _is_better(served, candidate, settings):
        certificate, key = (file.read_bytes() for file in candidate)
        source: Source = "self-signed" if read_certificate(certificate).self_signed else "own"
        if served.install(source, certificate, key):
            where = "from docker/nginx/ssl" if candidate[0].parent == own else "made for localhost"
            yield f"Nginx serves the certificate {where}; docker/nginx/ssl/generate-ssl.sh makes one for more names"
    bring_authority(folder, clone, settings)
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, DESK_USER, NGINX_GROUP)
    for file in (*folder.glob("*.pem"), *folder.glob("pairs/*/*.pem")):
        file.chmod(0o640)
    _shared_folder(folder)


def _is_better(served: TlsFolder, candidate: tuple[Path, Path], settings: Settings) -> bool:
    """Whether what is served may stay: an authority's, or this machine's own that the worker has renewed since."""
    present = served.served()
    if present is None:
        return False
    if settings.certificate_kind == "acme" and is_right(served, settings):
        return True
    given = read_certificate(candidate[0].read_bytes())
    renewed = present[0] == "self-signed" and present[1].not_after >= given.not_after
    return given.self_signed and renewed and set(given.names) <= set(present[1].names)


def _shared_folder(folder: Path) -> None:
    """The desk's, and for Nginx's first process to read: it is root, without root's right to read what is others'.

    The folder hands its group on to what the worker makes in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, DESK_USER, NGINX_GROUP)
    folder.chmod(0o2750)
