"""What `up` says at its end: addresses, where passwords lie, the certificate, the firewall, the tunnel."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sereno.cli.address import HTTP_PORT, told_report
from sereno.cli.grafana import HOW, PROGRAM
from sereno.cli.here import Here
from sereno.serve.native.home import State
from sereno.serve.place import COMPOSE_SECRETS
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD
from sereno.settings import Settings

USUAL_PORTS = {"grafana": 3000, "prometheus": 9090, "alertmanager": 9093}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the settings do not say. `desk_login` and `grafana` are ready to print; `ports` those of this machine."""

    machine: str
    account: str
    ports: Mapping[str, int]
    desk_login: str
    grafana: str
    certificate: Path
    is_issued: bool = False
    """Whether an authority's certificate is here already."""
    lab: bool = False
    lab_machine: bool = False
    """Whether this is the classroom's virtual machine (see Vagrantfile)."""


def farewell(here: Here, state: State) -> str:
    """The text, ready to print."""
    ports = USUAL_PORTS | state.ports
    facts = Facts(
        machine=socket.gethostname(),
        account=os.environ.get("SUDO_USER") or getpass.getuser(),
        ports=ports,
        desk_login=f"admin, {_password(here, state, 'first-admin-password', 'webapp')}",
        grafana=_grafana(here, state, ports["grafana"]),
        certificate=here.certificate,
        is_issued=_is_issued(here, state),
        lab=state.lab,
        lab_machine=os.environ.get("SERENO_LAB_VM") == "1",
    )
    return "\n".join(["", *told(here.settings, facts)])


def told(settings: Settings, facts: Facts) -> list[str]:
    """The lines, each for a reader who may sit at this machine or far from it."""
    local, elsewhere = addresses(settings, facts.machine)
    first, other = local, f"from elsewhere: {elsewhere}/"
    if settings.site.domain or settings.site.public_url:
        first, other = elsewhere, f"on this machine: {local}/"
    tunnel = " ".join(f"-L {facts.ports[name]}:localhost:{facts.ports[name]}" for name in ("grafana", "prometheus"))
    return [
        f"  Status page    {first + '/':<32} ({other})",
        f"  Desk           {first + '/desk':<32} {facts.desk_login}",
        f"  Grafana        {facts.grafana}",
        f"  Prometheus     http://localhost:{facts.ports['prometheus']}/",
        f"  Alertmanager   http://localhost:{facts.ports['alertmanager']}/",
        "",
        *_certificate(settings, facts),
        *_firewall(settings),
        f"  To reach the other ports from elsewhere: ssh {tunnel} {facts.account}@{_reached_as(settings, facts)}",
        *(_classroom(settings, facts) if facts.lab else []),
    ]


def addresses(settings: Settings, machine: str) -> tuple[str, str]:
    """The site's address for who sits at the machine, and for everyone else; without a slash at their ends."""
    port = "" if settings.site.https_port == 443 else f":{settings.site.https_port}"
    named = settings.site.domain or settings.site.public_url
    return f"https://localhost{port}", settings.site.base_url if named else f"https://{machine}{port}"


def _reached_as(settings: Settings, facts: Facts) -> str:
    """The name for ssh: what people type may be a proxy's, and is then not this machine's."""
    return facts.machine if settings.site.public_url else settings.site.domain or facts.machine


def _certificate(settings: Settings, facts: Facts) -> list[str]:
    """Whether browsers trust the certificate, and what to do when they do not."""
    if settings.certificate_kind == "own":
        return []
    if settings.certificate_kind == "acme":
        if facts.is_issued:
            return []
        return [
            f"  The certificate comes from {urlsplit(settings.certificate.directory).hostname}; until it is here,",
            "  browsers warn. How far that is: ./sereno certificate show",
        ]
    if settings.site.public_url:
        return [
            f"  Port {settings.site.https_port} has a certificate that only this machine has signed, which browsers",
            f"  refuse. What stands in front and shows one of its own has to accept {facts.certificate}",
        ]
    return [
        "  The browser warns about the certificate, because only this machine has signed it. To trust it, import",
        f"  {facts.certificate} into the browser; or have one that everybody trusts: docs/a-real-domain.md",
    ]


def _firewall(settings: Settings) -> list[str]:
    site = settings.site
    lines = [f"  In a firewall or security group open {site.https_port} and {site.http_port}, nothing else."]
    if site.public_url:
        lines = [
            f"  People come by {site.base_url}: let what answers there reach port {site.https_port}, and keep",
            "  the firewall closed to everyone else.",
        ]
    if settings.certificate_kind == "acme" and site.http_port != HTTP_PORT:
        lines.append(f"  The authority asks at port {HTTP_PORT}: have that lead to port {site.http_port} here.")
    return lines


def _classroom(settings: Settings, facts: Facts) -> list[str]:
    """What `--lab` means, and how to leave it."""
    # The virtual machine's ports are forwarded from the loopback of the machine that it runs on.
    whose = "the machine around this one" if facts.lab_machine else "this machine"
    return [
        "",
        f"  This is the classroom set-up (--lab): everyone knows Grafana's login, admin / {LAB_GRAFANA_PASSWORD}.",
        f"  Its port {facts.ports['grafana']} answers on {whose} alone, to everyone who can log in there; every other",
        "  password is generated. The probes called (example) ask this very system; the page /services changes them.",
        f"  Everything is measured every {settings.prometheus.scrape_interval}; for another interval write",
        '  scrape_interval = "5s" below [prometheus] into sereno.toml, then ./sereno up.',
        "  For a server, leave the classroom: ./sereno down --erase, then ./sereno up.",
    ]


def _grafana(here: Here, state: State, port: int) -> str:
    """Its address and login; natively it may not be installed, and then there is neither."""
    if state.platform == "native" and not PROGRAM.exists():
        login = f" (with admin / {LAB_GRAFANA_PASSWORD})" if state.lab else ""
        return f"not installed; to have it{login}: {HOW}"
    password = (
        f"password {LAB_GRAFANA_PASSWORD} (classroom)"
        if state.lab
        else _password(here, state, "grafana-admin-password", "grafana")
    )
    return f"{f'http://localhost:{port}/':<32} admin, {password}"


def _password(here: Here, state: State, name: str, service: str) -> str:
    """Where a generated password is to be had: natively a file, in Compose a file that only its reader can open."""
    if state.platform == "native":
        return f"password in {here.home / 'secrets' / name}"
    reader = "desk" if service == "webapp" else service
    return f"password: (cd docker; docker-compose exec {service} cat {COMPOSE_SECRETS / reader / name})"


def _is_issued(here: Here, state: State) -> bool:
    """Whether the authority's certificate is what the worker holds; nobody else needs to be asked for."""
    if here.settings.certificate_kind != "acme":
        return False
    report = told_report(here, state)
    return report is not None and report.held is not None and report.held.kind == "acme"
