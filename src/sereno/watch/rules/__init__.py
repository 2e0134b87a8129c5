"""The alert rules: what is wrong when, in Prometheus's own format, from one place."""

from __future__ import annotations

from sereno.settings import Settings
from sereno.watch.rules.availability import availability
from sereno.watch.rules.backups import backups
from sereno.watch.rules.certificates import certificates
from sereno.watch.rules.host import host
from sereno.watch.rules.model import Alert, RuleFile
from sereno.watch.rules.monitoring import monitoring
from sereno.watch.rules.mysql import mysql
from sereno.watch.rules.probes import probes
from sereno.watch.rules.readings import readings
from sereno.watch.rules.services import services
from sereno.watch.rules.web import web

__all__ = ["Alert", "RuleFile", "all_alerts", "render_rules", "rule_files"]


def rule_files(settings: Settings) -> tuple[RuleFile, ...]:
    """Every rule file, in the order of their names."""
    return (
        availability(),
        backups(),
        certificates(),
        host(settings),
        monitoring(),
        mysql(),
        probes(settings),
        readings(),
        services(),
        web(),
    )


def all_alerts(settings: Settings) -> tuple[Alert, ...]:
    """Every alert of every file."""
    return tuple(alert for file in rule_files(settings) for alert in file.alerts)


def render_rules(settings: Settings) -> dict[str, str]:
    """File name → text of every file in `prometheus/rules/`; the same on every platform."""
    return {file.name: file.text(settings.site.base_url) for file in rule_files(settings)}
