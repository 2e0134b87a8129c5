"""What a runbook is: what an alert means, where to look, what mends it."""

from __future__ import annotations

from dataclasses import dataclass

from sereno.core.text import Text


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `command` is typed on the server, in the repository's folder, and needs no translation."""

    text: Text
    command: str = ""


@dataclass(frozen=True, slots=True)
class Runbook:
    """Help for whoever has the alert. `meaning` says what users feel; `look` finds the cause, `mend` removes it."""

    meaning: Text
    look: tuple[Step, ...]
    mend: tuple[Step, ...]


def step(en: str, es: str, command: str = "") -> Step:
    """A step in both languages."""
    return Step(Text(en, es), command)


def logs(component: str) -> Step:
    """Look at what a component says of itself."""
    return step(
        f"Read the last lines of the log of {component}.",
        f"Lee las últimas líneas del registro de {component}.",
        f"./sereno logs {component}",
    )


def restart(component: str) -> Step:
    """Start a component anew."""
    return step(f"Restart {component}.", f"Reinicia {component}.", f"./sereno restart {component}")


STATUS = step(
    "See which components run, since when, and how often they restarted.",
    "Mira qué componentes funcionan, desde cuándo y cuántas veces se reiniciaron.",
    "./sereno status",
)
DOCTOR = step(
    "Let the doctor look for ports, memory, disk, clock and certificate; each finding names its remedy.",
    "Deja que doctor revise puertos, memoria, disco, reloj y certificado; cada hallazgo dice su remedio.",
    "./sereno doctor",
)
BUSIEST = step(
    "See which processes take most; the dashboard Components shows the same over time.",
    "Mira qué procesos consumen más; el tablero Components lo muestra a lo largo del tiempo.",
    "top -b -n 1 | head -20",
)
LARGEST_FOLDERS = step(
    "Find the largest folders of the disk (put its mount point in place of /).",
    "Busca las carpetas más grandes del disco (pon su punto de montaje en lugar de /).",
    "sudo du -xh --max-depth=3 / | sort -h | tail -20",
)
