"""Would everything come back: the age of the last backup, and whether it was proven."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile

MISSING_HOURS = 26
"""A day, and two hours in which a failed attempt is made again."""


def backups() -> RuleFile:
    """`backups.yml`."""
    made, since = "sereno_backup_last_success_timestamp_seconds", "sereno_backup_expected_since_timestamp_seconds"
    return RuleFile(
        "backups.yml",
        "Would everything come back?",
        (
            Alert(
                "BackupMissing",
                # Before the first one, the time counts from Sereno's first start.
                f"time() - ({made} > {since} or {since}) > {MISSING_HOURS} * 3600",
                Severity.CRITICAL,
                Text(
                    f"No backup for more than {MISSING_HOURS} hours",
                    f"Sin copia de seguridad desde hace más de {MISSING_HOURS} horas",
                ),
                Text(
                    "The last one is {{ $value | humanizeDuration }} old. What happened since then would be lost.",
                    "La última tiene {{ $value | humanizeDuration }}. Lo ocurrido desde entonces se perdería.",
                ),
                component="worker",
            ),
            Alert(
                "BackupProofFailed",
                "sereno_backup_last_proven == 0",
                Severity.CRITICAL,
                Text("The last backup is not proven to restore", "No está probado que la última copia se restaure"),
                Text(
                    "It was not restored into a throwaway server and found to be what was saved.",
                    "No se ha restaurado en un servidor desechable encontrando allí lo que se guardó.",
                ),
                lasting="30m",
                component="worker",
            ),
        ),
    )
