"""Does the web service do its work: Nginx in front, the desk and its worker behind."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import (
    DESK_DURATION,
    DESK_JOB_INTERVAL,
    DESK_JOB_SUCCESS,
    DESK_POOL,
    DESK_QUERY_DURATION,
    DESK_REQUESTS,
    VISITS,
)
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile

_ENOUGH = f"sum(increase({DESK_REQUESTS}{{{VISITS}}}[5m])) > 20"
"""With fewer requests one failure would be a large share."""


def web() -> RuleFile:
    """`web.yml`."""
    return RuleFile("web.yml", "Does the web service do its work?", (*_nginx(), *_desk(), *_worker()))


def _nginx() -> tuple[Alert, ...]:
    return (
        Alert(
            "NginxDown",
            "nginx_up == 0",
            Severity.CRITICAL,
            Text("Nginx does not answer", "Nginx no responde"),
            Text(
                "The exporter {{ $labels.instance }} runs but Nginx does not tell it its numbers.",
                "El exportador {{ $labels.instance }} funciona, pero Nginx no le da sus datos.",
            ),
            lasting="30s",
            component="nginx",
        ),
        Alert(
            "NginxDropsConnections",
            "rate(nginx_connections_accepted[5m]) - rate(nginx_connections_handled[5m]) > 0",
            Severity.WARNING,
            Text("Nginx drops connections", "Nginx descarta conexiones"),
            Text(
                'Nginx has dropped {{ $value | printf "%.2f" }} connections a second for 5 minutes: a limit '
                "is reached.",
                'Nginx descarta {{ $value | printf "%.2f" }} conexiones por segundo desde hace 5 minutos: ha llegado a '
                "un límite.",
            ),
            lasting="5m",
            component="nginx",
        ),
    )


def _desk() -> tuple[Alert, ...]:
    return (
        Alert(
            "DeskErrors",
            f'100 * sum(rate({DESK_REQUESTS}{{{VISITS},status=~"5.."}}[5m]))\n'
            f"  / sum(rate({DESK_REQUESTS}{{{VISITS}}}[5m])) > 5\n"
            f"and {_ENOUGH}",
            Severity.CRITICAL,
            Text("Many requests fail", "Fallan muchas peticiones"),
            Text(
                '{{ $value | printf "%.1f" }} % of the requests of the last 5 minutes ended with a server error.',
                'El {{ $value | printf "%.1f" }} % de las peticiones de los últimos 5 minutos acabó en un error del '
                "servidor.",
            ),
            lasting="2m",
            component="webapp",
        ),
        Alert(
            "DeskSlow",
            f"histogram_quantile(0.95, sum by (le) (rate({DESK_DURATION}_bucket{{{VISITS}}}[5m]))) > 1\n"
            f"and on () {_ENOUGH}",
            Severity.WARNING,
            Text("Pages are slow", "Las páginas van lentas"),
            Text(
                "One request in twenty takes longer than {{ $value | humanizeDuration }}.",
                "Una de cada veinte peticiones tarda más de {{ $value | humanizeDuration }}.",
            ),
            lasting="5m",
            component="webapp",
        ),
        Alert(
            "DeskPoolExhausted",
            f'100 * sum({DESK_POOL}{{state="in_use"}}) / sum({DESK_POOL}{{state="limit"}}) > 90',
            Severity.WARNING,
            Text(
                "The desk uses up its database connections",
                "La mesa de guardia agota sus conexiones a la base de datos",
            ),
            Text(
                '{{ $value | printf "%.0f" }} % of the connections that the desk may open are in use; requests wait.',
                'Está en uso el {{ $value | printf "%.0f" }} % de las conexiones que puede abrir la mesa de guardia; '
                "las peticiones esperan.",
            ),
            lasting="5m",
            component="webapp",
        ),
        Alert(
            "DeskQueriesSlow",
            f"sum(rate({DESK_QUERY_DURATION}_sum[5m])) / sum(rate({DESK_QUERY_DURATION}_count[5m])) > 0.5",
            Severity.WARNING,
            Text("The desk waits for the database", "La mesa de guardia espera a la base de datos"),
            Text(
                "The desk's queries take {{ $value | humanizeDuration }} on average.",
                "Las consultas de la mesa de guardia tardan {{ $value | humanizeDuration }} de media.",
            ),
            lasting="5m",
            component="mysql",
        ),
    )


def _worker() -> tuple[Alert, ...]:
    return (
        Alert(
            "WorkerJobOverdue",
            # Two missed runs and a minute of slack, after Prometheus's own advice for batch jobs. A job that never
            # succeeded is as old as its process.
            f"time() - ({DESK_JOB_SUCCESS}\n"
            f"  or {DESK_JOB_INTERVAL} * 0 + on (job, instance) group_left process_start_time_seconds)\n"
            f"  > 3 * {DESK_JOB_INTERVAL} + 60",
            Severity.WARNING,
            Text("The job {{ $labels.task }} is overdue", "La tarea {{ $labels.task }} va con retraso"),
            Text(
                "The worker's job {{ $labels.task }} last succeeded {{ $value | humanizeDuration }} ago.",
                "La tarea {{ $labels.task }} del worker terminó bien por última vez hace "
                "{{ $value | humanizeDuration }}.",
            ),
            component="worker",
        ),
    )
