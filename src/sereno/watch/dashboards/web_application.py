"""The dashboard *Web application*: rate, errors and duration of the desk, its database, Nginx in front, the worker."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import (
    DESK_DURATION,
    DESK_JOB_DURATION,
    DESK_JOB_SUCCESS,
    DESK_POOL,
    DESK_QUERY_DURATION,
    DESK_REQUESTS,
)
from sereno.watch.dashboards.model import SELECTED, Dashboard, Kind, Limit, Panel, Query, Row, job_and_instance

_RATE = "[$__rate_interval]"
_VISITS = f'{SELECTED},route!~"/metrics|/healthz|/readyz"'
_ERRORS = (
    f'100 * (sum(rate({DESK_REQUESTS}{{{_VISITS},status=~"5.."}}{_RATE})) or vector(0))'
    f" / sum(rate({DESK_REQUESTS}{{{_VISITS}}}{_RATE}))"
)


def _quantile(share: float, metric: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    matchers = _VISITS if metric == DESK_DURATION else SELECTED
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{{matchers}}}{_RATE})))"


def web_application() -> Dashboard:
    """The dashboard; lines are at the thresholds of DeskErrors and DeskSlow."""
    return Dashboard(
        name="web-application",
        title="Web application",
        description=Text(
            "Rate, errors and duration of the desk's pages, its database, Nginx and the worker.",
            "Ritmo, errores y duración de las páginas de la mesa de guardia, su base de datos, Nginx y el worker.",
        ),
        variables=job_and_instance("sereno_build_info"),
        rows=(
            Row("Now", _now()),
            Row("Rate, errors, duration", _requests()),
            Row("Database", _database()),
            Row("In front", _front()),
            Row("Worker and alerts", _worker()),
        ),
    )


def _now() -> tuple[Panel, ...]:
    def number(title: str, description: Text, unit: str, expr: str, limit: Limit | None = None) -> Panel:
        return Panel(title, description, unit, (Query(expr, title),), Kind.NUMBER, limit, width=6, height=4)

    return (
        number(
            "Requests",
            Text("Requests answered, all routes together.", "Peticiones respondidas, todas las rutas juntas."),
            "reqps",
            f"sum(rate({DESK_REQUESTS}{{{_VISITS}}}{_RATE}))",
        ),
        number(
            "Errors",
            Text("Share of answers with a status of 500 and above.", "Parte de respuestas con estado 500 o mayor."),
            "percent",
            _ERRORS,
            Limit(5),
        ),
        number(
            "Duration",
            Text("19 of 20 requests are quicker than this.", "19 de cada 20 peticiones son más rápidas."),
            "s",
            _quantile(0.95, DESK_DURATION),
            Limit(1),
        ),
        number(
            "Site from outside",
            Text(
                "1 when a request through Nginx and TLS is answered, 0 when not.",
                "1 si se responde una petición a través de Nginx y TLS, 0 si no.",
            ),
            "none",
            'min(probe_success{job="probes",instance="desk"})',
            Limit(1, below=True),
        ),
    )


def _requests() -> tuple[Panel, ...]:
    return (
        Panel(
            "Requests by route",
            Text("Requests a second, by route.", "Peticiones por segundo, por ruta."),
            "reqps",
            (Query(f"sum by (route) (rate({DESK_REQUESTS}{{{_VISITS}}}{_RATE}))", "{{route}}"),),
            Kind.STACK,
        ),
        Panel(
            "Requests by status",
            Text("Requests a second, by status of the answer.", "Peticiones por segundo, por estado de la respuesta."),
            "reqps",
            (Query(f"sum by (status) (rate({DESK_REQUESTS}{{{_VISITS}}}{_RATE}))", "{{status}}"),),
            Kind.STACK,
        ),
        Panel(
            "Errors over time",
            Text(
                "Share of answers with a status of 500 and above; the line is DeskErrors's threshold.",
                "Parte de respuestas con estado 500 o mayor; la línea es el umbral de DeskErrors.",
            ),
            "percent",
            (Query(_ERRORS, "errors"),),
            limit=Limit(5),
        ),
        Panel(
            "Duration over time",
            Text(
                "Half, 19 of 20, and 99 of 100 requests are quicker than these; the line is DeskSlow's threshold.",
                "La mitad, 19 de 20 y 99 de 100 peticiones son más rápidas; la línea es el umbral de DeskSlow.",
            ),
            "s",
            tuple(
                Query(_quantile(share, DESK_DURATION), name)
                for share, name in ((0.5, "half"), (0.95, "19 of 20"), (0.99, "99 of 100"))
            ),
            limit=Limit(1),
        ),
        Panel(
            "Duration by route",
            Text(
                "19 of 20 requests of each route are quicker.", "19 de cada 20 peticiones de cada ruta son más rápidas."
            ),
            "s",
            (Query(_quantile(0.95, DESK_DURATION, "route"), "{{route}}"),),
            limit=Limit(1),
        ),
        Panel(
            "Version",
            Text("Which version runs.", "Qué versión se ejecuta."),
            "none",
            (Query(f"max by (version) (sereno_build_info{{{SELECTED}}})", "{{version}}"),),
            Kind.STATES,
        ),
    )


def _database() -> tuple[Panel, ...]:
    queries = f"{DESK_QUERY_DURATION}_count{{{SELECTED}}}"
    return (
        Panel(
            "Query time",
            Text(
                "Mean, and what 19 of 20 of the desk's queries stay below.",
                "Media y lo que no superan 19 de cada 20 consultas de la mesa de guardia.",
            ),
            "s",
            (
                Query(
                    f"sum(rate({DESK_QUERY_DURATION}_sum{{{SELECTED}}}{_RATE})) / sum(rate({queries}{_RATE}))", "mean"
                ),
                Query(_quantile(0.95, DESK_QUERY_DURATION), "19 of 20"),
            ),
        ),
        Panel(
            "Queries",
            Text("Queries of the desk, and of everyone.", "Consultas de la mesa de guardia y de todos."),
            "ops",
            (
                Query(f"sum(rate({queries}{_RATE}))", "desk"),
                Query(f'sum(rate(mysql_global_status_questions{{job="mysql"}}{_RATE}))', "all"),
            ),
        ),
        Panel(
            "Connection pool",
            Text(
                "Connections of the desk in use and idle; at the limit, requests wait.",
                "Conexiones de la mesa de guardia en uso y libres; al llegar al límite, las peticiones esperan.",
            ),
            "short",
            (Query(f"sum by (state) ({DESK_POOL}{{{SELECTED}}})", "{{state}}"),),
        ),
        Panel(
            "Database connections",
            Text(
                "Open connections as the database counts them, and the most it allows.",
                "Conexiones abiertas según la base de datos y el máximo que admite.",
            ),
            "short",
            (
                Query('max(mysql_global_status_threads_connected{job="mysql"})', "open"),
                Query('max(mysql_global_status_threads_running{job="mysql"})', "at work"),
                Query('max(mysql_global_variables_max_connections{job="mysql"})', "allowed"),
            ),
        ),
    )


def _front() -> tuple[Panel, ...]:
    return (
        Panel(
            "Nginx connections",
            Text(
                "Connections of visitors: reading a request, writing an answer, waiting for the next.",
                "Conexiones de visitantes: leyendo una petición, escribiendo la respuesta, a la espera.",
            ),
            "short",
            tuple(
                Query(f'sum(nginx_connections_{what}{{job="nginx"}})', what)
                for what in ("reading", "writing", "waiting")
            ),
            Kind.STACK,
        ),
        Panel(
            "Nginx requests",
            Text(
                "Requests that reach Nginx, static files included.",
                "Peticiones que llegan a Nginx, archivos incluidos.",
            ),
            "reqps",
            (Query(f'sum(rate(nginx_http_requests_total{{job="nginx"}}{_RATE}))', "requests"),),
        ),
        Panel(
            "Probe duration",
            Text(
                "How long requests from outside take, through Nginx and TLS.",
                "Cuánto tardan las peticiones desde fuera, a través de Nginx y TLS.",
            ),
            "s",
            (Query('max by (instance) (probe_duration_seconds{job="probes"})', "{{instance}}"),),
        ),
        Panel(
            "Certificate",
            Text(
                "Time until the served certificate expires; the line is CertificateExpiresSoon's, 21 days.",
                "Tiempo hasta que caduca el certificado servido; la línea es la de CertificateExpiresSoon, 21 días.",
            ),
            "s",
            (Query('min(probe_ssl_earliest_cert_expiry{job="probes"}) - time()', "left"),),
            limit=Limit(21 * 86400, below=True),
        ),
    )


def _worker() -> tuple[Panel, ...]:
    return (
        Panel(
            "Job duration",
            Text("How long the worker's jobs take on average.", "Cuánto tardan de media las tareas del worker."),
            "s",
            (
                Query(
                    f'sum by (task) (rate({DESK_JOB_DURATION}_sum{{job="webapp"}}{_RATE}))'
                    f' / sum by (task) (rate({DESK_JOB_DURATION}_count{{job="webapp"}}{_RATE}))',
                    "{{task}}",
                ),
            ),
        ),
        Panel(
            "Since a job last succeeded",
            Text(
                "Each job should return to zero at its own interval; else WorkerJobOverdue fires.",
                "Cada tarea debe volver a cero a su ritmo; si no, salta WorkerJobOverdue.",
            ),
            "s",
            (Query(f'time() - max by (task) ({DESK_JOB_SUCCESS}{{job="webapp"}})', "{{task}}"),),
        ),
        Panel(
            "Alerts received",
            Text(
                "Alerts that Alertmanager delivered to the desk.",
                "Alertas que Alertmanager entregó a la mesa de guardia.",
            ),
            "short",
            (Query(f"sum(increase(sereno_alerts_received_total{{{SELECTED}}}{_RATE}))", "alerts"),),
        ),
    )
