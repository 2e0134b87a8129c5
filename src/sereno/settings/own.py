"""What users add of their own: services that run beside the desk, things to probe, further machines."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from sereno.core.text import Text
from sereno.core.units import parse_duration
from sereno.settings.section import Duration, Section

SHORTEST_PROBE_SECONDS = 5
LONGEST_PROBE_SECONDS = 120
"""Prometheus forgets a sample after five minutes; a probe asked for less often would come and go."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_ADDRESS = rf"{_HOST}:\d{{1,5}}"
_NAME = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
_PATH = r"^/[A-Za-z0-9._~/-]*$"


def _upstream(text: str) -> str:
    if not re.fullmatch(rf"{_ADDRESS}|unix:/[A-Za-z0-9._/-]+", text):
        raise ValueError("write host:port (127.0.0.1:3000, a container's name and port), or unix:/path/of/a.socket")
    if not text.startswith("unix:") and not 0 < int(text.rpartition(":")[2]) < 65536:
        raise ValueError("the port is between 1 and 65535")
    return text


def _interval(text: str) -> str:
    if not SHORTEST_PROBE_SECONDS <= parse_duration(text).total_seconds() <= LONGEST_PROBE_SECONDS:
        raise ValueError(f"between {SHORTEST_PROBE_SECONDS}s and 2m")
    return text


Name = Annotated[str, Field(pattern=_NAME, description="Its name: letters, digits, hyphens; part of addresses.")]
ProbeInterval = Annotated[Duration, AfterValidator(_interval)]
Status = Annotated[int, Field(ge=100, le=599)]


class Service(Section):
    """A service of your own behind the same Nginx: proxied, measured, probed, and on the status page."""

    name: Name
    title: str = Field("", max_length=80, description="How pages call it; empty: its name.")
    title_es: str = Field("", max_length=80, description="The same in Spanish; empty: as in English.")
    upstream: Annotated[str, AfterValidator(_upstream)] = Field(
        description="Where it listens: host:port, unix:/path/of/a.socket, or in Compose a container's name and port."
    )
    domain: str = Field(
        "",
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+)?$",
        description="A name of its own in DNS, for which this server has a certificate.",
    )
    path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*/?$",
        description="Or a path of this server; empty without a domain: /NAME/.",
    )
    keep_path: bool = Field(False, description="Whether the service itself expects that path before its own.")
    health_path: str = Field(
        "/", pattern=_PATH, description="What answers 2xx when it is well, seen from its own root."
    )
    metrics_path: str = Field(
        "",
        pattern=rf"{_PATH}|^$",
        description="Where it tells Prometheus its measurements, which nobody else is told; empty: nowhere.",
    )
    access: Literal["public", "operators"] = Field(
        "public", description="public, or operators: only who is signed in at the desk as operator or administrator."
    )
    body_limit: str = Field("1m", pattern=r"^\d{1,5}[kmg]?$", description="The largest upload, as Nginx writes it.")
    timeout: Duration = Field("30s", description="How long it may take to begin its answer, and between two parts.")
    websocket: bool = Field(False, description="Whether connections are upgraded to WebSocket and stay open.")
    status_page: bool = Field(True, description="Whether the public page shows it.")

    @property
    def titled(self) -> Text:
        """How pages call it, in both languages."""
        title = self.title or self.name
        return Text(title, self.title_es or title)

    @property
    def location(self) -> str:
        """The path below which it is reached, with a slash at its end; `/` on a domain of its own."""
        path = (self.path or ("/" if self.domain else self.name)).strip("/")
        return f"/{path}/" if path else "/"

    def outer(self, path: str) -> str:
        """The service's own `path` as readers ask for it, below the name's root."""
        return self.location.rstrip("/") + path

    def inner(self, path: str) -> str:
        """The service's own `path` as the service itself is asked for it."""
        return self.outer(path) if self.keep_path else path


class Probe(Section):
    """Something to ask again and again from here, whether this machine runs it or not."""

    name: Name
    title: str = Field("", max_length=80, description="How pages call it; empty: its name.")
    title_es: str = Field("", max_length=80, description="The same in Spanish; empty: as in English.")
    kind: Literal["http", "tcp", "icmp", "dns"] = Field("http", description="http, tcp, icmp (ping) or dns.")
    target: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\s\x00-\x1f]+$",
        description="An address: https://example.org/health, host:port, host, or for dns NAME@SERVER.",
    )
    status: tuple[Status, ...] = Field(
        (), max_length=20, description="http: the answers that are good; empty: 200-299."
    )
    contains: str = Field("", max_length=200, description="http: words that the answer must contain.")
    certificate_days: int = Field(
        21, ge=0, le=365, description="https: warn when the certificate ends within so many days; 0: never."
    )
    verify: bool = Field(True, description="https: whether the certificate must be one that browsers trust.")
    interval: ProbeInterval = Field("15s", description="How often: 5s to 2m.")
    group: str = Field("", max_length=40, description="Heading under which the public page shows it; empty: none.")
    status_page: bool = Field(True, description="Whether the public page shows it.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Probe:
        if self.kind == "http" and not re.match(r"https?://[^/\s]+", self.target):
            raise ValueError("the target of an http probe begins with http:// or https://")
        if self.kind == "tcp" and not re.fullmatch(_ADDRESS, self.target):
            raise ValueError("the target of a tcp probe is host:port")
        if self.kind == "icmp" and not re.fullmatch(_HOST.replace(r"\[", r"\[?").replace(r"\]", r"\]?"), self.target):
            raise ValueError("the target of an icmp probe is a host's name or address")
        if self.kind == "dns" and not re.fullmatch(rf"[A-Za-z0-9._-]+@{_HOST}(:\d{{1,5}})?", self.target):
            raise ValueError("the target of a dns probe is NAME@SERVER: the name to ask for, and whom to ask")
        if self.kind != "http" and (self.status or self.contains):
            raise ValueError("status and contains belong to http probes")
        return self


class Machine(Section):
    """A further machine whose Node Exporter is asked, so that alerts and dashboards cover it too."""

    name: Name
    address: str = Field(pattern=rf"^{_ADDRESS}$", description="host:port of its Node Exporter, usually port 9100.")
