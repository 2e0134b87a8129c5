"""How Prometheus is told of probes: a target with labels each, in its file or by HTTP service discovery. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from sereno.watch.probes.model import Kind, Probe
from sereno.watch.probes.modules import module_name

LONGEST_TIMEOUT_SECONDS = 10


def targets(probes: Iterable[Probe]) -> list[dict[str, Any]]:
    """Target groups as `static_configs` and HTTP service discovery have them, one for each probe.

    `module` becomes blackbox-exporter's parameter and is dropped; labels that begin with `__` are Prometheus's own. A
    target without the label `source` is the desk's own probe.
    """
    return [{"targets": [asked_at(each)], "labels": labels(each)} for each in probes]


def labels(probe: Probe) -> dict[str, str]:
    """The labels of a probe's target."""
    wanted = {
        "instance": probe.name,
        "module": module_name(probe),
        "source": str(probe.source),
        "kind": str(probe.kind),
        "group": probe.group,
        "certificate_days": str(probe.certificate_days) if probe.is_encrypted and probe.certificate_days else "",
        "__scrape_interval__": f"{probe.interval_seconds}s",
        "__scrape_timeout__": f"{min(LONGEST_TIMEOUT_SECONDS, probe.interval_seconds)}s",
        "__param_hostname": probe.hostname if probe.kind is Kind.HTTP else "",
    }
    return {name: value for name, value in wanted.items() if value}


def asked_at(probe: Probe) -> str:
    """What blackbox-exporter is to ask: the server for dns (the name to ask for is in the module), else the target."""
    if probe.kind is Kind.DNS:
        return probe.target.rpartition("@")[2]
    if probe.kind is Kind.ICMP:
        return probe.target.strip("[]")
    return probe.target


def render_targets(probes: Iterable[Probe]) -> str:
    """The same as a YAML list, empty for no probes."""
    groups = targets(probes)
    return yaml.safe_dump(groups, sort_keys=False, default_flow_style=False, width=10_000) if groups else ""
