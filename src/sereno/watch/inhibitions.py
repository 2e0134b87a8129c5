"""Which alert makes which other one needless: Alertmanager's inhibition rules.

A muted alert still fires and is still shown; it only makes no noise of its own. Nothing is muted across subjects: a
full disk must not hide a dead database. The seed's own alerts are muted only by a louder one about the very same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from sereno.settings import Settings
from sereno.watch.rules.host import host


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While `source` fires, alerts that match `target` are muted where the labels in `equal` are the same.

    Matchers are Alertmanager's (`name="value"`, `name=~"regular expression"`).
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...] = ()

    def written(self) -> dict[str, Any]:
        """The rule as `alertmanager.yml` holds it (Alertmanager 0.22 and later)."""
        rule: dict[str, Any] = {"source_matchers": list(self.source), "target_matchers": list(self.target)}
        return rule | ({"equal": list(self.equal)} if self.equal else {})


_SERVICE_GONE = ('alertname="ProbeFailed"', 'source="service"')
_DISK = ("instance", "device", "mountpoint")


def inhibitions(settings: Settings) -> tuple[Inhibition, ...]:
    """Every inhibition rule, in the order in which they are written."""
    of_the_host = "|".join(alert.name for alert in host(settings).alerts)
    return (
        # Louder about the same thing.
        _louder("DiskAlmostFull", "LowDiskSpace|DiskFullWithinADay|DiskFullWithinHours", _DISK),
        _louder("DiskFullWithinHours", "LowDiskSpace|DiskFullWithinADay", _DISK),
        _louder("InodesAlmostGone", "InodesLow", _DISK),
        _louder("FileDescriptorsAlmostGone", "FileDescriptorsHigh", ("instance",)),
        _louder("CertificateAboutToExpire", "CertificateExpiresSoon", ("instance",)),
        _louder("MysqlConnectionsAlmostUsedUp", "MysqlConnectionsHigh", ("instance",)),
        # Who can't be measured can't be judged: what its exporter last said of the machine is old news.
        Inhibition(
            ('alertname="InstanceDown"', 'job="node-exporter"'), (f'alertname=~"{of_the_host}"',), ("instance",)
        ),
        Inhibition(('alertname="InstanceDown"',), ('severity=~"warning|info"',), ("instance",)),
        # The cause before its consequences. Probes are made by blackbox-exporter; without it they say nothing.
        Inhibition(
            ('alertname="InstanceDown"', 'instance="blackbox-exporter"'), ('alertname="InstanceDown"', 'job="probes"')
        ),
        Inhibition(
            ('alertname="MysqlDown"',),
            ('alertname=~"Mysql.+|Desk(Errors|PoolExhausted|QueriesSlow)"', 'alertname!="MysqlDown"'),
        ),
        Inhibition(('alertname="NginxDown"',), ('alertname=~"DeskUnreachable|RedirectBroken"',)),
        Inhibition(('alertname="NginxDown"',), ('alertname="ProbeFailed"', 'source="service"')),
        # A service that does not answer at all fails every request, and tells no measurements either.
        Inhibition(_SERVICE_GONE, ('alertname=~"Service(Errors|Slow)"',), ("component",)),
        Inhibition(_SERVICE_GONE, ('alertname="InstanceDown"', 'job="services"'), ("instance",)),
        Inhibition(('alertname="InstanceDown"', 'job="webapp"'), ('alertname="AlertmanagerDeliveriesFailing"',)),
    )


def render_inhibitions(settings: Settings) -> str:
    """What stands under `inhibit_rules:` in `alertmanager.yml`: a YAML list, with a line's end at its end."""
    rules = [inhibition.written() for inhibition in inhibitions(settings)]
    return yaml.safe_dump(rules, sort_keys=False, default_flow_style=False, width=10_000)


def _louder(louder: str, quieter: str, equal: tuple[str, ...]) -> Inhibition:
    return Inhibition((f'alertname="{louder}"',), (f'alertname=~"{quieter}"',), equal)
