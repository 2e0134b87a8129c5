"""The dashboard *Service*: the user's own services, as Nginx, the probes and their own measurements see them."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import SERVICE_DURATION, SERVICE_REQUESTS
from sereno.watch.dashboards.model import GRID_WIDTH, Dashboard, Kind, Limit, Panel, Query, Row, Variable
from sereno.watch.rules.services import ERRORS_PERCENT, SLOW_SECONDS

_RATE = "[$__rate_interval]"
_CHOSEN = 'service=~"$service"'
_PROBED = 'job="probes",instance=~"$service"'
_ALL = f"sum by (service) (rate({SERVICE_REQUESTS}{{{_CHOSEN}}}{_RATE}))"
_ERRORS = f'100 * sum by (service) (rate({SERVICE_REQUESTS}{{{_CHOSEN},code="5xx"}}{_RATE})) / {_ALL}'


def _quantile(share: float) -> str:
    return f"histogram_quantile({share}, sum by (service, le) (rate({SERVICE_DURATION}_bucket{{{_CHOSEN}}}{_RATE})))"


def service() -> Dashboard:
    """The dashboard; lines are at the thresholds of ServiceErrors and ServiceSlow."""
    return Dashboard(
        name="service",
        title="Service",
        description=Text(
            "Your own services: whether they answer, how many requests, how many errors, how long they take.",
            "Tus propios servicios: si responden, cuántas peticiones, cuántos errores, cuánto tardan.",
        ),
        variables=(Variable("service", "Service", SERVICE_REQUESTS, "service"),),
        rows=(Row("Now", _now()), Row("Rate, errors, duration", _requests()), Row("From outside", _outside())),
    )


def _now() -> tuple[Panel, ...]:
    def number(title: str, description: Text, unit: str, expr: str, limit: Limit | None = None) -> Panel:
        return Panel(title, description, unit, (Query(expr, "{{service}}"),), Kind.NUMBER, limit, width=6, height=4)

    return (
        number(
            "Answers",
            Text(
                "1 when its health path answers through Nginx, 0 when not.",
                "1 si su ruta de salud responde a través de Nginx, 0 si no.",
            ),
            "none",
            f'label_replace(min by (instance) (probe_success{{{_PROBED}}}), "service", "$1", "instance", "(.*)")',
            Limit(1, below=True),
        ),
        number("Requests", Text("Requests a second.", "Peticiones por segundo."), "reqps", _ALL),
        number(
            "Errors",
            Text("Share of answers with a status of 500 and above.", "Parte de respuestas con estado 500 o mayor."),
            "percent",
            _ERRORS,
            Limit(ERRORS_PERCENT),
        ),
        number(
            "Time to answer",
            Text(
                "19 of 20 requests get the beginning of their answer sooner than this.",
                "19 de cada 20 peticiones reciben antes el comienzo de su respuesta.",
            ),
            "s",
            _quantile(0.95),
            Limit(SLOW_SECONDS),
        ),
    )


def _requests() -> tuple[Panel, ...]:
    return (
        Panel(
            "Requests by class of status",
            Text(
                "Requests a second: 2xx is fine, 4xx the reader's mistake, 5xx the service's.",
                "Peticiones por segundo: 2xx está bien, 4xx es un error del lector, 5xx del servicio.",
            ),
            "reqps",
            (Query(f"sum by (service, code) (rate({SERVICE_REQUESTS}{{{_CHOSEN}}}{_RATE}))", "{{service}} {{code}}"),),
            Kind.STACK,
            width=GRID_WIDTH,
        ),
        Panel(
            "Errors over time",
            Text(
                "Share of answers with a status of 500 and above; the line is ServiceErrors's threshold.",
                "Parte de respuestas con estado 500 o mayor; la línea es el umbral de ServiceErrors.",
            ),
            "percent",
            (Query(_ERRORS, "{{service}}"),),
            limit=Limit(ERRORS_PERCENT),
        ),
        Panel(
            "Time to answer over time",
            Text(
                "Half, 19 of 20, and 99 of 100 requests get the beginning of their answer sooner; the line is "
                "ServiceSlow's threshold.",
                "La mitad, 19 de 20 y 99 de 100 peticiones reciben antes el comienzo de su respuesta; la línea es el "
                "umbral de ServiceSlow.",
            ),
            "s",
            tuple(
                Query(_quantile(share), f"{{{{service}}}} {name}")
                for share, name in ((0.5, "half"), (0.95, "19 of 20"), (0.99, "99 of 100"))
            ),
            limit=Limit(SLOW_SECONDS),
        ),
    )


def _outside() -> tuple[Panel, ...]:
    return (
        Panel(
            "Up and down",
            Text(
                "Whether its health path answered through Nginx: 1 yes, 0 no, a gap where nobody asked.",
                "Si su ruta de salud respondió a través de Nginx: 1 sí, 0 no, un hueco si nadie preguntó.",
            ),
            "none",
            (Query(f"min by (instance) (probe_success{{{_PROBED}}})", "{{instance}}"),),
            Kind.STATES,
        ),
        Panel(
            "Duration of the probe",
            Text(
                "How long its health path took through Nginx, everything included.",
                "Cuánto tardó su ruta de salud a través de Nginx, todo incluido.",
            ),
            "s",
            (Query(f"max by (instance) (probe_duration_seconds{{{_PROBED}}})", "{{instance}}"),),
        ),
    )
