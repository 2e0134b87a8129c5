"""Runbooks for the alerts of `rules/backups.py`."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import Runbook, logs, step

_LIST = step(
    "See what backups there are and how the last attempts went.",
    "Mira qué copias hay y cómo fueron los últimos intentos.",
    "./sereno backup list",
)
_SPACE = step(
    "If the disk is full, make space, or keep fewer in sereno.toml ([backup] keep_daily, keep_weekly).",
    "Si el disco está lleno, haz sitio, o guarda menos en sereno.toml ([backup] keep_daily, keep_weekly).",
    "df -h",
)
_NOW = step("Make one now: it says what hinders it.", "Haz una ahora: dice qué se lo impide.", "./sereno backup now")

BACKUPS = {
    "BackupMissing": Runbook(
        Text(
            "The night's backup was not made. If the disk died now, everything since the last one would be lost.",
            "La copia de la noche no se hizo. Si el disco muriera ahora, se perdería todo lo posterior a la última.",
        ),
        (_LIST, logs("worker")),
        (_NOW, _SPACE),
    ),
    "BackupProofFailed": Runbook(
        Text(
            "Each backup is restored into a throwaway server and compared with what was saved. This one was not, or "
            "differed: do not rely on it.",
            "Cada copia se restaura en un servidor desechable y se compara con lo guardado. Con esta no se hizo, o no "
            "coincidía: no te fíes de ella.",
        ),
        (_LIST, logs("worker"), logs("mysql")),
        (_SPACE, _NOW),
    ),
}
