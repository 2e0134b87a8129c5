"""What `up` says at its end: addresses, where passwords lie, the certificate, the firewall, the tunnel."""

from __future__ import annotations

import getpass
import socket
from urllib.parse import urlsplit

from sereno.cli.grafana import HOW, PROGRAM
from sereno.cli.here import Here
from sereno.serve.native.home import State
from sereno.serve.place import COMPOSE_SECRETS
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD


def farewell(here: Here, state: State) -> str:
    """The text, ready to print."""
    site = here.settings.site
    host = site.domain or socket.gethostname()
    port = "" if site.https_port == 443 else f":{site.https_port}"
    ports = {"grafana": 3000, "prometheus": 9090, "alertmanager": 9093} | state.ports
    desk = _password(here, state, "first-admin-password", "webapp")
    grafana = (
        f"password {LAB_GRAFANA_PASSWORD} (classroom)"
        if state.lab
        else _password(here, state, "grafana-admin-password", "grafana")
    )
    tunnel = " ".join(f"-L {ports[name]}:localhost:{ports[name]}" for name in ("grafana", "prometheus"))
    lines = [
        "",
        f"  Status page    https://localhost{port}/          (from elsewhere: https://{host}{port}/)",
        f"  Desk           https://localhost{port}/desk      admin, {desk}",
        f"  Grafana        {_grafana(state, ports['grafana'], grafana)}",
        f"  Prometheus     http://localhost:{ports['prometheus']}/",
        f"  Alertmanager   http://localhost:{ports['alertmanager']}/",
        "",
        *_certificate(here),
        f"  In a firewall or security group open {site.https_port} and {site.http_port}, nothing else.",
        f"  To reach the other ports from elsewhere: ssh {tunnel} {getpass.getuser()}@{host}",
    ]
    return "\n".join(lines + (_classroom(ports["grafana"]) if state.lab else []))


def _certificate(here: Here) -> list[str]:
    """Whether browsers trust the certificate, and what to do when they do not."""
    if here.settings.certificate_kind == "own":
        return []
    if here.settings.certificate_kind == "acme":
        return [
            f"  The certificate comes from {urlsplit(here.settings.certificate.directory).hostname}; until it is here,",
            "  browsers warn. How far that is: ./sereno certificate show",
        ]
    return [
        "  The browser warns about the certificate, because only this machine has signed it. To trust it, import",
        f"  {here.certificate} into the browser; or have one that everybody trusts: docs/a-real-domain.md",
    ]


def _classroom(port: int) -> list[str]:
    """What `--lab` means, and how to leave it."""
    return [
        "",
        f"  This is the classroom set-up (--lab): everyone knows Grafana's login, admin / {LAB_GRAFANA_PASSWORD}.",
        f"  Its port {port} answers on this machine alone, to everyone who can log in here; every other password is",
        "  generated. For a server, leave the classroom: ./sereno down --erase, then ./sereno up.",
    ]


def _grafana(state: State, port: int, password: str) -> str:
    """Its address and login; natively it may not be installed, and then there is neither."""
    if state.platform == "native" and not PROGRAM.exists():
        login = f" (with admin / {LAB_GRAFANA_PASSWORD})" if state.lab else ""
        return f"not installed; to have it{login}: {HOW}"
    return f"http://localhost:{port}/           admin, {password}"


def _password(here: Here, state: State, name: str, service: str) -> str:
    """Where a generated password is to be had: natively a file, in Compose a file that only its reader can open."""
    if state.platform == "native":
        return f"password in {here.home / 'secrets' / name}"
    reader = "desk" if service == "webapp" else service
    return f"password: (cd docker; docker-compose exec {service} cat {COMPOSE_SECRETS / reader / name})"
