"""Runbooks for the alerts of `rules/web.py`: Nginx, the desk, the worker."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import BUSIEST, DOCTOR, STATUS, Runbook, logs, restart, step

WEB = {
    "NginxDown": Runbook(
        Text(
            "Nginx does not answer its own exporter: the site is most likely down for everyone.",
            "Nginx no responde a su propio exportador: el sitio estará caído para todos.",
        ),
        (STATUS, logs("nginx")),
        (
            step("Start it.", "Arráncalo.", "./sereno start nginx"),
            step(
                "It refuses its configuration: undo what was changed in docker/nginx/conf.d/.",
                "Si rechaza su configuración: deshaz lo cambiado en docker/nginx/conf.d/.",
                "./sereno up",
            ),
            DOCTOR,
        ),
    ),
    "NginxDropsConnections": Runbook(
        Text(
            "Nginx accepts connections and closes them at once, because it may not hold more. Visitors see errors.",
            "Nginx acepta conexiones y las cierra enseguida porque no puede mantener más. Los visitantes ven errores.",
        ),
        (
            logs("nginx"),
            step(
                "See who connects most.",
                "Mira quién se conecta más.",
                "ss -Htn state established '( sport = :8443 )' | awk '{print $4}' | sed 's/:[0-9]*$//' | sort | uniq -c"
                " | sort -n | tail",
            ),
        ),
        (
            step(
                "Turn away who floods you at the firewall. If the visitors are real, the machine needs help in front.",
                "Cierra el paso en el cortafuegos a quien inunda. Si los visitantes son reales, hace falta reforzar.",
            ),
        ),
    ),
    "DeskErrors": Runbook(
        Text(
            "More than one request in twenty ends with an error of the server. Users see error pages.",
            "Más de una petición de cada veinte acaba en un error del servidor. Los usuarios ven páginas de error.",
        ),
        (
            step(
                "See on the dashboard Web application which routes fail, and since when.",
                "Mira en el tablero Web application qué rutas fallan y desde cuándo.",
            ),
            logs("webapp"),
            STATUS,
        ),
        (
            step(
                "The database away: follow MysqlDown. Since a change of version: go back to the one before.",
                "Si falta la base de datos: sigue MysqlDown. Si es desde un cambio de versión: vuelve a la anterior.",
            ),
            restart("webapp"),
        ),
    ),
    "DeskSlow": Runbook(
        Text(
            "One request in twenty takes longer than a second.",
            "Una petición de cada veinte tarda más de un segundo.",
        ),
        (
            step(
                "See on the dashboard Web application which routes are slow, and whether queries are.",
                "Mira en el tablero Web application qué rutas van lentas y si lo van las consultas.",
            ),
            BUSIEST,
        ),
        (
            step(
                "Slow queries: follow DeskQueriesSlow. Busy processors: follow HighCpuUsage.",
                "Consultas lentas: sigue DeskQueriesSlow. CPU ocupada: sigue HighCpuUsage.",
            ),
        ),
    ),
    "DeskPoolExhausted": Runbook(
        Text(
            "The desk uses all the connections to the database that it may open; further requests wait for one.",
            "La mesa de guardia usa todas las conexiones a la base de datos que puede abrir; las demás peticiones "
            "esperan.",
        ),
        (
            step(
                "See what the database is doing.",
                "Mira qué está haciendo la base de datos.",
                "SHOW FULL PROCESSLIST;",
            ),
            logs("webapp"),
        ),
        (
            step(
                "One slow query usually holds them all: follow MysqlSlowQueries.",
                "Una consulta lenta suele retenerlas todas: sigue MysqlSlowQueries.",
            ),
            restart("webapp"),
        ),
    ),
    "DeskQueriesSlow": Runbook(
        Text(
            "The desk waits half a second and more for each answer of the database; so do its users.",
            "La mesa de guardia espera medio segundo o más cada respuesta de la base de datos; también sus usuarios.",
        ),
        (logs("mysql"), BUSIEST),
        (
            step(
                "Follow what fires beside it: DiskQueueLong, MysqlSlowQueries, LowMemoryAvailable.",
                "Sigue lo que salte a la vez: DiskQueueLong, MysqlSlowQueries, LowMemoryAvailable.",
            ),
        ),
    ),
    "WorkerJobOverdue": Runbook(
        Text(
            "A job of the worker has missed two runs: the last good page grows old, or alerts are no longer compared "
            "with Alertmanager's.",
            "Una tarea del worker ha faltado dos veces: la última página buena envejece, o las alertas ya no se "
            "comparan con las de Alertmanager.",
        ),
        (logs("worker"), STATUS),
        (restart("worker"),),
    ),
}
