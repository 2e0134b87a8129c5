"""Things asked again and again from here: what a probe is, how Prometheus and blackbox-exporter are told of it."""

from sereno.settings import Settings
from sereno.watch.probes.model import Kind, Probe, Source, file_probes
from sereno.watch.probes.services import service_probes

__all__ = ["Kind", "Probe", "Source", "file_probes", "service_probes", "settings_probes"]


def settings_probes(settings: Settings, *, nginx: str, inside: str) -> tuple[Probe, ...]:
    """Every probe that the settings file asks for: each service has one (see `service_probes`), then `[[probes]]`."""
    return (*service_probes(settings, nginx=nginx, inside=inside), *file_probes(settings))
