"""Runbooks for the alerts of `rules/services.py`: the user's own services."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import BUSIEST, Runbook, step

_DASHBOARD = step(
    "See on the dashboard Service since when, and whether every request is concerned or some.",
    "Mira en el tablero Service desde cuándo, y si son todas las peticiones o algunas.",
)
_OWN_LOG = step(
    "Read what the service says of itself: its own log, wherever it keeps it.",
    "Lee lo que dice el propio servicio: su registro, donde lo guarde.",
)

SERVICES = {
    "ServiceErrors": Runbook(
        Text(
            "More than one request in twenty to a service of yours ends with an error of the server. Its users see "
            "error pages: the service's own, or Sereno's where it does not answer at all.",
            "Más de una petición de cada veinte a un servicio tuyo acaba en un error del servidor. Sus usuarios ven "
            "páginas de error: las del servicio, o las de Sereno si no responde nada.",
        ),
        (
            _DASHBOARD,
            step(
                "See in Nginx's log which addresses fail: status is what the reader got, upstream_status what the "
                "service said.",
                "Mira en el registro de Nginx qué direcciones fallan: status es lo que recibió el lector, "
                "upstream_status lo que dijo el servicio.",
                """./sereno logs nginx | grep -E '"service":"[^"]+".*"status":5'""",
            ),
            _OWN_LOG,
        ),
        (
            step(
                "It does not answer (502): start it again by what runs it.",
                "Si no responde (502): arráncalo de nuevo con lo que lo ejecuta.",
            ),
            step(
                "It takes too long (504): see ServiceSlow, or raise its timeout in sereno.toml.",
                "Si tarda demasiado (504): mira ServiceSlow, o sube su timeout en sereno.toml.",
            ),
            step(
                "Since a new version of it: go back to the one before.",
                "Si es desde una versión nueva: vuelve a la anterior.",
            ),
        ),
    ),
    "ServiceSlow": Runbook(
        Text(
            "One request in twenty to a service of yours waits longer than two and a half seconds for its answer.",
            "Una petición de cada veinte a un servicio tuyo espera más de dos segundos y medio su respuesta.",
        ),
        (_DASHBOARD, BUSIEST, _OWN_LOG),
        (
            step(
                "The whole machine is busy: follow HighCpuUsage or LowMemoryAvailable.",
                "Si toda la máquina está ocupada: sigue HighCpuUsage o LowMemoryAvailable.",
            ),
            step(
                "Only the service is: what it waits for itself (its database, another machine) is the usual cause.",
                "Si es solo el servicio: la causa suele ser aquello que él mismo espera (su base de datos, otra "
                "máquina).",
            ),
        ),
    ),
}
