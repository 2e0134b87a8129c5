"""The runbooks: for each alert what it means, where to look and what mends it, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from sereno.settings import Settings
from sereno.watch.model import Severity
from sereno.watch.rules import Alert, all_alerts
from sereno.watch.runbooks.availability import AVAILABILITY
from sereno.watch.runbooks.backups import BACKUPS
from sereno.watch.runbooks.certificates import CERTIFICATES
from sereno.watch.runbooks.disks import DISKS
from sereno.watch.runbooks.host import HOST
from sereno.watch.runbooks.limits import LIMITS
from sereno.watch.runbooks.model import Runbook, Step
from sereno.watch.runbooks.monitoring import MONITORING
from sereno.watch.runbooks.mysql import MYSQL
from sereno.watch.runbooks.probes import PROBES
from sereno.watch.runbooks.services import SERVICES
from sereno.watch.runbooks.web import WEB

__all__ = ["RUNBOOKS", "Runbook", "RunbookPage", "Step", "WrittenStep", "runbook", "runbook_names"]

RUNBOOKS: dict[str, Runbook] = (
    AVAILABILITY | HOST | DISKS | LIMITS | MYSQL | PROBES | SERVICES | WEB | MONITORING | BACKUPS | CERTIFICATES
)
"""Name of the alert → its runbook."""


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """A step in one language; `command` is empty where there is nothing to type."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class RunbookPage:
    """A runbook in one language, with the rule that leads to it. `lasting` is None when the alert fires at once."""

    name: str
    severity: Severity
    expr: str
    lasting: str | None
    meaning: str
    look: tuple[WrittenStep, ...]
    mend: tuple[WrittenStep, ...]


def runbook_names(settings: Settings) -> tuple[str, ...]:
    """The names of all alerts that have a runbook, in alphabetical order."""
    return tuple(sorted(alert.name for alert in all_alerts(settings)))


def runbook(name: str, language: str, settings: Settings | None = None) -> RunbookPage | None:
    """The runbook of the alert `name` in `language` (`en` or `es`), or None when there is no such alert of ours."""
    alert = next((alert for alert in all_alerts(settings or Settings()) if alert.name == name), None)
    return None if alert is None else _page(alert, RUNBOOKS[name], language)


def _page(alert: Alert, book: Runbook, language: str) -> RunbookPage:
    def written(steps: tuple[Step, ...]) -> tuple[WrittenStep, ...]:
        return tuple(WrittenStep(step.text.in_language(language), step.command) for step in steps)

    return RunbookPage(
        name=alert.name,
        severity=alert.severity,
        expr=alert.expr,
        lasting=alert.lasting,
        meaning=book.meaning.in_language(language),
        look=written(book.look),
        mend=written(book.mend),
    )
