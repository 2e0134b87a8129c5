"""Things asked again and again from here: what a probe is, how Prometheus and blackbox-exporter are told of it."""

from sereno.watch.probes.model import Kind, Probe, Source, file_probes

__all__ = ["Kind", "Probe", "Source", "file_probes"]
