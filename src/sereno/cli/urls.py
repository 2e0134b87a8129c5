"""What `up` says at its end: addresses, where passwords lie, the certificate, the firewall, the tunnel."""

from __future__ import annotations

import getpass
import socket

from sereno.cli.here import Here
from sereno.serve.native.home import State


def farewell(here: Here, state: State) -> str:
    """The text, ready to print."""
    site = here.settings.site
    host = site.domain or socket.gethostname()
    port = "" if site.https_port == 443 else f":{site.https_port}"
    ports = {"grafana": 3000, "prometheus": 9090, "alertmanager": 9093} | state.ports
    secrets = here.home / "secrets"
    tunnel = " ".join(f"-L {ports[name]}:localhost:{ports[name]}" for name in ("grafana", "prometheus"))
    lines = [
        "",
        f"  Status page    https://localhost{port}/          (from elsewhere: https://{host}{port}/)",
        f"  Desk           https://localhost{port}/desk      admin, password in {secrets / 'first-admin-password'}",
        f"  Grafana        http://localhost:{ports['grafana']}/           admin, "
        + ("password admin123 (classroom)" if state.lab else f"password in {secrets / 'grafana-admin-password'}"),
        f"  Prometheus     http://localhost:{ports['prometheus']}/",
        f"  Alertmanager   http://localhost:{ports['alertmanager']}/",
        "",
        "  The browser warns about the certificate, because only this machine has signed it. To trust it, import",
        f"  {here.home / 'tls/cert.pem'} into the browser, or set [site] certificate and key in sereno.toml.",
        f"  In a firewall or security group open {site.https_port} and {site.http_port}, nothing else.",
        f"  To reach the other ports from elsewhere: ssh {tunnel} {getpass.getuser()}@{host}",
    ]
    return "\n".join(lines)
