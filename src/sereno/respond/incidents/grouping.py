"""Which alerts are one incident. Pure.

The rule, whatever the order in which alerts are heard of:

1. A heartbeat (severity `none`) is no trouble and belongs to no incident.
2. Alerts of one Alertmanager group are a family. Those of a family that lie within the reopen window of each other
   (default 30 minutes between the end of all so far and the next start) are one incident.
3. An incident whose alerts have all ended resolves after the hold-down (default 2 minutes). When more than the
   hold-down lay between two of its alerts, it came back: it is flapping.
4. While a further machine (`[[hosts]]`) is down, the alerts of what runs on it belong to that machine's incident:
   what its Node Exporter measures, and the probes and services whose target lies on it. Those that fire already when it
   goes down move there.

Where an alert bridges two incidents of one family they are merged into the older one. Where an end that is heard late
shows that an incident is two, it is cut, unless a person has had to do with it: what people worked on stays whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sereno.core.units import parse_duration
from sereno.respond.alerts.model import HEARTBEAT
from sereno.respond.incidents.model import COMPONENT_LENGTH
from sereno.settings import Settings
from sereno.watch.conventions import component_of

MACHINE = "machine"
"""What this machine's own alerts (processors, memory, disks) affect."""

_HOST_JOB = "node-exporter"


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that grouping needs. `host_of_probe` maps a probe's or service's name to the machine it lies on."""

    hold_down: timedelta = timedelta(minutes=2)
    reopen_window: timedelta = timedelta(minutes=30)
    hosts: frozenset[str] = frozenset()
    host_of_probe: Mapping[str, str] = field(default_factory=dict)
    host_of_address: Mapping[str, str] = field(default_factory=dict)
    """The further machines by the host in their address."""

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules as the settings have them."""
        by_address = {_host(f"//{host.address}"): host.name for host in settings.hosts}
        targets = {probe.name: _target_host(probe.kind, probe.target) for probe in settings.probes}
        targets |= {each.name: _host(f"//{each.upstream}") for each in settings.services}
        return cls(
            hold_down=parse_duration(settings.incidents.hold_down),
            reopen_window=parse_duration(settings.incidents.reopen_window),
            hosts=frozenset(host.name for host in settings.hosts),
            host_of_probe={name: by_address[target] for name, target in targets.items() if target in by_address},
            host_of_address=by_address,
        )

    def with_probes(self, targets: Iterable[tuple[str, str, str]]) -> Rules:
        """The same, knowing further probes by name, kind and target."""
        hosts = {name: self.host_of_address.get(_target_host(kind, target)) for name, kind, target in targets}
        known = {name: host for name, host in hosts.items() if host is not None}
        return replace(self, host_of_probe={**known, **self.host_of_probe})


def _target_host(kind: str, target: str) -> str:
    if kind == "http":
        return _host(target)
    return _host(f"//{target.rpartition('@')[2]}")


def _host(address: str) -> str:
    """The host in an address, in small letters; empty where there is none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when something lasted; `ended_at` is None while it does."""

    began_at: datetime
    ended_at: datetime | None

    def overlaps(self, other: Stretch) -> bool:
        """Whether there is a moment at which both lasted."""
        return self.is_near(other, timedelta(0))

    def is_near(self, other: Stretch, window: timedelta) -> bool:
        """Whether at most `window` lies between the end of the earlier and the begin of the later."""
        return (self.ended_at is None or other.began_at - self.ended_at <= window) and (
            other.ended_at is None or self.began_at - other.ended_at <= window
        )

    def joined(self, other: Stretch) -> Stretch:
        """From the earlier begin to the later end."""
        ends = (self.ended_at, other.ended_at)
        latest = None if None in ends else max(end for end in ends if end is not None)
        return Stretch(min(self.began_at, other.began_at), latest)


def parts(stretches: Sequence[Stretch], window: timedelta) -> tuple[tuple[int, ...], ...]:
    """Which stretches belong together, by their places in the sequence: at most `window` lies between them.

    The oldest part comes first, and within a part what began first.
    """
    cut: list[tuple[Stretch, list[int]]] = []
    for place in sorted(range(len(stretches)), key=lambda place: stretches[place].began_at):
        if cut and cut[-1][0].is_near(stretches[place], window):
            reach, places = cut[-1]
            cut[-1] = (reach.joined(stretches[place]), [*places, place])
        else:
            cut.append((stretches[place], [place]))
    return tuple(tuple(places) for _reach, places in cut)


def is_flapping(stretches: Sequence[Stretch], hold_down: timedelta) -> bool:
    """Whether an incident of these alerts came back: between two of them lay more than the hold-down."""
    return len(parts(stretches, hold_down)) > 1


def is_trouble(labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels belongs to an incident: every one but a heartbeat."""
    return labels.get("severity") != HEARTBEAT


def route_key(labels: Mapping[str, str]) -> str:
    """The group key that our route in Alertmanager gives (`group_by: [alertname, instance]`, no matchers).

    Source: `LabelSet.String` of prometheus/common, with Go's quoting.
    """
    shown = [f"{name}={_quoted(labels[name])}" for name in ("alertname", "instance") if name in labels]
    return "{}:{" + ", ".join(shown) + "}"


_ESCAPES = {sign: f"\\{letter}" for sign, letter in zip('\\"\n\t\r\a\b\f\v', '\\"ntrabfv', strict=True)}


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(sign) or (sign if sign.isprintable() else _escaped(sign)) for sign in text) + '"'


def _escaped(sign: str) -> str:
    number = ord(sign)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def family_of(group_key: str) -> str:
    """The family of a group: a hash, since keys may be longer than any index."""
    return hashlib.sha256(group_key.encode("utf-8", "surrogatepass")).hexdigest()


def host_family(host: str) -> str:
    """The family of a machine that is down."""
    return family_of(f"host {host}")


def host_of(labels: Mapping[str, str], rules: Rules) -> str | None:
    """The further machine on which an alert with these labels lies; None for this machine, and for none known."""
    instance = labels.get("instance", "")
    if _measures_machine(labels) and instance in rules.hosts:
        return instance
    for name in (instance, labels.get("component", ""), labels.get("service", "")):
        if name in rules.host_of_probe:
            return rules.host_of_probe[name]
    return None


def is_host_down(labels: Mapping[str, str], rules: Rules) -> bool:
    """Whether the alert says that a further machine does not answer at all."""
    return (
        labels.get("alertname") == "InstanceDown"
        and labels.get("job") == _HOST_JOB
        and labels.get("instance") in rules.hosts
    )


def component_affected(labels: Mapping[str, str], rules: Rules) -> str | None:
    """What an alert with these labels affects: a component, a probe or service, a machine; None when unknown."""
    component = component_of(labels)
    if component is None and labels.get("job") == "probes":
        component = labels.get("instance")
    if component is None and _measures_machine(labels):
        instance = labels.get("instance", "")
        component = MACHINE if instance == _HOST_JOB else instance if instance in rules.hosts else None
    return component[:COMPONENT_LENGTH] if component else None


def _measures_machine(labels: Mapping[str, str]) -> bool:
    """Whether it is about what a Node Exporter measures; sums by instance have lost their job."""
    return labels.get("job", _HOST_JOB) == _HOST_JOB
