"""Each service of the user's own is a probe as well: its health path, asked for as its readers ask. Pure."""

from __future__ import annotations

from sereno.settings import Settings
from sereno.settings.own import Service
from sereno.watch.probes.model import Kind, Probe, Source


def service_probes(settings: Settings, *, nginx: str, inside: str) -> tuple[Probe, ...]:
    """The probes of the services, in the settings' order.

    `nginx` is the host:port at which Nginx answers HTTPS, `inside` that of its server for components. Everything is
    asked for through Nginx, by the service's own name where it has one. A service for operators is asked for inside,
    since from outside nobody comes in without signing in.
    """
    return tuple(_probe(service, settings, nginx, inside) for service in settings.services)


def _probe(service: Service, settings: Settings, nginx: str, inside: str) -> Probe:
    is_open = service.access == "public"
    return Probe(
        name=service.name,
        kind=Kind.HTTP,
        target=f"https://{nginx}{service.outer(service.health_path)}"
        if is_open
        else f"http://{inside}/health/{service.name}",
        source=Source.SERVICE,
        title=service.titled,
        # Nginx has one certificate, whose end is watched at the desk; that it is signed here is no fault of this one.
        certificate_days=0,
        verify=False,
        public=service.status_page,
        hostname=(service.domain or settings.site.domain) if is_open else "",
    )
