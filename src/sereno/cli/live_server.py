"""What `./sereno doctor --live` ticks of a server in earnest: services, probes, certificate, backups, next boot.

Each check answers what is wrong, or None, out of what Prometheus has measured; it raises SerenoError when that cannot
be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sereno.core.clock import utc_now
from sereno.watch.conventions import CERTIFICATE_SERVED
from sereno.watch.rules.backups import MISSING_HOURS

Query = Callable[[str], list[dict[str, Any]]]
"""An expression of Prometheus's → its samples, each with `metric` and `value`."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What this system's settings promise beyond the stack itself.

    `comes_back` says whether a reboot is provided for; None where nothing here could.
    """

    services: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    comes_back: Callable[[], bool] | None = None


class ServerChecks:
    """The checks of one system."""

    def __init__(self, promises: Promises, query: Query, *, now: Callable[[], datetime] = utc_now) -> None:
        self._promises = promises
        self._query = query
        self._now = now

    def checks(self) -> list[tuple[str, Callable[[], str | None]]]:
        """A sentence and its check each; what the settings do not name is left out."""
        promised = self._promises
        listed: list[tuple[str, Callable[[], str | None]]] = []
        if promised.services:
            listed.append(("Each service of your own answers through Nginx", self.services))
        if promised.probes:
            listed.append(("Each probe of sereno.toml is answered as it should be", self.probes))
        if promised.hosts:
            listed.append(("Each further machine is measured", self.hosts))
        listed.append(("The certificate that visitors get is the one on the disk", self.certificate))
        listed.append(("Each night has its backup, proven to restore", self.backups))
        if promised.comes_back is not None:
            listed.append(("Everything comes back after a reboot", self.boot))
        return listed

    def services(self) -> str | None:
        """By their probes, which take a reader's way."""
        return self._unanswered(self._promises.services, 'probe_success{source="service"}')

    def probes(self) -> str | None:
        """Those of the settings file."""
        return self._unanswered(self._promises.probes, 'probe_success{source="file"}')

    def hosts(self) -> str | None:
        """Their Node Exporters."""
        return self._unanswered(self._promises.hosts, 'up{job="node-exporter"}')

    def certificate(self) -> str | None:
        """As the worker compares them."""
        shown = [value for _, value in self._samples(CERTIFICATE_SERVED)]
        if not shown:
            return "nobody has compared them yet: ./sereno logs worker"
        return None if min(shown) == 1 else "visitors get another one: ./sereno restart nginx"

    def backups(self) -> str | None:
        """Its age, and its proof; before the first night nothing is missing."""
        names = ("expected_since_timestamp_seconds", "last_success_timestamp_seconds", "last_proven")
        told = {name: value for name in names for _, value in self._samples(f"sereno_backup_{name}")}
        if len(told) < len(names):
            return "the worker tells nothing of backups: ./sereno logs worker"
        since, made, proven = (told[name] for name in names)
        hours = (self._now().timestamp() - max(since, made)) / 3600
        if hours > MISSING_HOURS:
            return f"the last one is {hours:.0f} hours old: ./sereno backup now" if made else "there has never been one"
        return None if proven == 1 else "the last one is not proven: ./sereno backup list"

    def boot(self) -> str | None:
        """Whether it is provided for."""
        comes_back = self._promises.comes_back
        return None if comes_back is None or comes_back() else "nothing starts it then: sudo ./sereno up"

    def _unanswered(self, names: Iterable[str], expression: str) -> str | None:
        answered = {labels.get("instance", ""): value for labels, value in self._samples(expression)}
        silent = [name for name in names if name not in answered]
        failed = [name for name in names if answered.get(name) == 0]
        told = [f"no answer: {', '.join(failed)}"] if failed else []
        return "; ".join([*told, *([f"not asked yet: {', '.join(silent)}"] if silent else [])]) or None

    def _samples(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        return [(each["metric"], float(each["value"][1])) for each in self._query(expression)]
