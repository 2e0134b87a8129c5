"""Do the user's own services do their work, by what Nginx saw of each request."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import SERVICE_DURATION, SERVICE_REQUESTS
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile

ERRORS_PERCENT = 5
SLOW_SECONDS = 2.5
"""A bucket's edge, where a quantile is exact."""

_ENOUGH = f"sum by (service) (increase({SERVICE_REQUESTS}[5m])) > 20"
"""With fewer requests one failure would be a large share."""

_COMPONENT = "{{ $labels.service }}"
"""As with probes, so that an alert can tell which other one is about the same."""


def services() -> RuleFile:
    """`services.yml`; silent without services."""
    return RuleFile("services.yml", "Do the user's own services do their work?", (_errors(), _slow()))


def _errors() -> Alert:
    return Alert(
        "ServiceErrors",
        f'100 * sum by (service) (rate({SERVICE_REQUESTS}{{code="5xx"}}[5m]))\n'
        f"  / sum by (service) (rate({SERVICE_REQUESTS}[5m])) > {ERRORS_PERCENT}\n"
        f"and {_ENOUGH}",
        Severity.CRITICAL,
        Text("Many requests to {{ $labels.service }} fail", "Fallan muchas peticiones a {{ $labels.service }}"),
        Text(
            '{{ $value | printf "%.1f" }} % of the requests to {{ $labels.service }} in the last 5 minutes ended with '
            "a server error.",
            'El {{ $value | printf "%.1f" }} % de las peticiones a {{ $labels.service }} de los últimos 5 minutos '
            "acabó en un error del servidor.",
        ),
        lasting="2m",
        component=_COMPONENT,
    )


def _slow() -> Alert:
    return Alert(
        "ServiceSlow",
        f"histogram_quantile(0.95, sum by (service, le) (rate({SERVICE_DURATION}_bucket[5m]))) > {SLOW_SECONDS:g}\n"
        f"and {_ENOUGH}",
        Severity.WARNING,
        Text("{{ $labels.service }} is slow", "{{ $labels.service }} va lento"),
        Text(
            "One request in twenty to {{ $labels.service }} waits longer than {{ $value | humanizeDuration }} for its "
            "answer to begin.",
            "Una de cada veinte peticiones a {{ $labels.service }} espera más de {{ $value | humanizeDuration }} hasta "
            "que empieza la respuesta.",
        ),
        lasting="5m",
        component=_COMPONENT,
    )
