"""Where the worker finds certificate and Nginx. Apart from what renews, so that the worker need not load that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sereno.keep.certificates.record import FILE_NAME
from sereno.outside.certificate_record import CertificateRecord
from sereno.outside.shown_certificate import NginxServer
from sereno.wiring import Surroundings


@dataclass(frozen=True, slots=True)
class TlsPlaces:
    """Where the worker finds the pairs and Nginx, by the environment that the platform gives it.

    SERENO_TLS             the folder of pairs; only the worker has it
    SERENO_NGINX_ADDRESS   host:port on which Nginx speaks TLS
    SERENO_NGINX_PID       natively: the file with the number of Nginx's first process
    """

    folder: Path
    nginx: str
    pid_file: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> TlsPlaces | None:
        """None where there is no such folder: in the webapp's container."""
        folder = environment.get("SERENO_TLS")
        if not folder:
            return None
        pid_file = environment.get("SERENO_NGINX_PID")
        return cls(
            folder=Path(folder),
            nginx=environment.get("SERENO_NGINX_ADDRESS", "127.0.0.1:8443"),
            pid_file=Path(pid_file) if pid_file else None,
        )


def open_server(surroundings: Surroundings, places: TlsPlaces) -> NginxServer:
    """The running Nginx, as who asks for the site sees it."""
    return NginxServer(places.nginx, surroundings.settings.site.domain, places.pid_file)


def open_record(surroundings: Surroundings, places: TlsPlaces) -> CertificateRecord:
    """Where the report is kept."""
    return CertificateRecord(places.folder, surroundings.www, FILE_NAME)
