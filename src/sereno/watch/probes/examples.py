"""The classroom's example probes: settings to look at, change and remove, which ask this very system. Pure."""

from __future__ import annotations

from sereno.watch.probes.model import Probe
from sereno.watch.probes.stored import accepted


def example_probes(nginx: str) -> tuple[Probe, ...]:
    """A probe of kind http and one of kind tcp, of Nginx at `nginx` (host:port) as this system's components reach it.

    What they measure is real, like any other probe's answers; what Sereno always asks of itself is not repeated.
    """
    sign_in: dict[str, object] = {
        "name": "example-sign-in",
        "kind": "http",
        "title": "Sign-in page (example)",
        "title_es": "Página de acceso (ejemplo)",
        "target": f"https://{nginx}/login",
        # In either language; an answer of the desk's, and not Nginx's page about a desk that does not answer.
        "contains": 'type="password"',
        # Browsers refuse the certificate that this machine has signed itself.
        "verify": False,
    }
    port: dict[str, object] = {
        "name": "example-https-port",
        "kind": "tcp",
        "title": "HTTPS port (example)",
        "title_es": "Puerto de HTTPS (ejemplo)",
        "target": nginx,
    }
    return accepted(sign_in), accepted(port)
