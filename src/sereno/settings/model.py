"""Every setting: its type, its default and a sentence, in one place.

`sereno.example.toml` is written from this module, so a description here is the manual.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from sereno.settings.backup import BackupSection
from sereno.settings.certificate import HOST_NAME, CertificateSection, HostNames, is_public_name
from sereno.settings.notify import NotifySection
from sereno.settings.own import Machine, Probe, Service
from sereno.settings.section import Duration, Section

Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[float, Field(gt=0, lt=100)]


class Site(Section):
    """Where people reach this server."""

    domain: str = Field(
        "",
        pattern=f"^({HOST_NAME})?$",
        description="Name of this server in DNS; empty: only localhost and its addresses.",
    )
    aliases: HostNames = Field((), description='Further names of this server, such as ["www.example.org"].')
    public_url: str = Field(
        "",
        pattern=r"^(https?://[A-Za-z0-9.\-]+(:\d{1,5})?/?)?$",
        description="The address people type, when it differs from what domain and port give.",
    )
    http_port: Port = Field(8080, description="Port for plain HTTP; it only redirects to HTTPS.")
    https_port: Port = Field(8443, description="Port for HTTPS.")
    certificate: str = Field(
        "", description="Path, seen from this file, of your own certificate (PEM, with its chain)."
    )
    key: str = Field("", description="Path of its private key (PEM); set both or neither.")
    language: Literal["en", "es"] = Field(
        "en", description="Language for readers whose browser asks for neither: en or es."
    )

    @property
    def base_url(self) -> str:
        """The site's address as people type it, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        port = "" if self.https_port == 443 else f":{self.https_port}"
        return f"https://{self.domain or 'localhost'}{port}"

    @property
    def public_port(self) -> int:
        """The port that people's browsers use for HTTPS: the public address's, where that has HTTPS, else our own."""
        public = urlsplit(self.public_url)
        return (public.port or 443) if public.scheme == "https" else self.https_port

    @property
    def names(self) -> tuple[str, ...]:
        """The domain and then its aliases, each once, in small letters."""
        return tuple(dict.fromkeys(name.lower() for name in (self.domain, *self.aliases) if name))

    @property
    def public_names(self) -> tuple[str, ...]:
        """Those of the names that are this server's own in DNS: not localhost, not an address."""
        return tuple(name for name in self.names if is_public_name(name))


class DatabaseSection(Section):
    """Where the desk keeps what it must not forget."""

    url: str = Field("", description="A database of your own (SQLAlchemy URL); empty: the one Sereno runs.")
    port: Port = Field(
        3306, description="Port of Sereno's database on loopback; natively 13306 is used when it is taken."
    )


class PrometheusSection(Section):
    """What is measured, how often, for how long."""

    scrape_interval: Duration = Field("15s", description="How often every target is asked, and rules evaluated.")
    retention: Duration = Field("35d", description="How long measurements are kept.")
    retention_size: str = Field("2GB", pattern=r"^\d+(MB|GB)$", description="The most disk that measurements may take.")


class AlertsSection(Section):
    """The thresholds of the four host alerts."""

    cpu_percent: Percent = Field(80, description="HighCpuUsage: CPU use above this …")
    cpu_for: Duration = Field("2m", description="… for this long.")
    memory_available_percent: Percent = Field(20, description="LowMemoryAvailable: available memory below this.")
    disk_free_percent: Percent = Field(15, description="LowDiskSpace: free space below this on any real file system.")


class IncidentsSection(Section):
    """How alerts become incidents."""

    hold_down: Duration = Field("2m", description="How long all alerts must be over before their incident resolves.")
    reopen_window: Duration = Field(
        "30m", description="How long afterwards the same trouble still belongs to that incident, and reopens it."
    )


class LimitsSection(Section):
    """How much of the machine Sereno may take."""

    profile: Literal["auto", "small", "standard"] = Field(
        "auto",
        description="small (1 GB, MariaDB), standard (2 GB and more, MySQL), or auto: by this machine's memory, once.",
    )


class StatusPageSection(Section):
    """The public page."""

    title: str = Field("", max_length=80, description="Title of the page; empty: the domain, or this machine's name.")
    logo: str = Field(
        "",
        max_length=500,
        pattern=r"^(.+\.([sS][vV][gG]|[pP][nN][gG]))?$",
        description="Path, seen from this file, of your own logo: an SVG or PNG of at most 256 KB.",
    )


class Settings(Section):
    """The whole tree; a missing file means all of these defaults."""

    site: Site = Site()
    certificate: CertificateSection = CertificateSection()
    database: DatabaseSection = DatabaseSection()
    prometheus: PrometheusSection = PrometheusSection()
    alerts: AlertsSection = AlertsSection()
    incidents: IncidentsSection = IncidentsSection()
    notify: NotifySection = NotifySection()
    backup: BackupSection = BackupSection()
    limits: LimitsSection = LimitsSection()
    status_page: StatusPageSection = StatusPageSection()
    services: tuple[Service, ...] = Field((), max_length=50)
    probes: tuple[Probe, ...] = Field((), max_length=200)
    hosts: tuple[Machine, ...] = Field((), max_length=20)

    @property
    def certificate_kind(self) -> Literal["self-signed", "own", "acme"]:
        """What is in force: a pair of the user's own needs no further word."""
        return "own" if self.site.certificate else self.certificate.kind

    @property
    def certificate_names(self) -> tuple[str, ...]:
        """Every name that the certificate has to be for: this server's, and those of services with one of their own."""
        services = (service.domain.lower() for service in self.services if service.domain)
        return tuple(dict.fromkeys((*self.site.names, *services)))

    @property
    def certificate_pair(self) -> tuple[Path, Path] | None:
        """The user's own certificate and key, or None when Sereno makes its own."""
        if not self.site.certificate:
            return None
        return Path(self.site.certificate), Path(self.site.key)
