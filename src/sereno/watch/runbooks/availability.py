"""Runbooks for the alerts of `rules/availability.py`."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import DOCTOR, STATUS, Runbook, logs, restart, step

AVAILABILITY = {
    "InstanceDown": Runbook(
        Text(
            "A component, or the exporter that measures it, does not answer Prometheus. What it does for users may "
            "have stopped; while it lasts, nothing about it is measured and its other alerts stay silent.",
            "Un componente, o el exportador que lo mide, no responde a Prometheus. Puede haberse parado lo que hace "
            "para los usuarios; mientras dure, no se mide nada de él y sus demás alertas callan.",
        ),
        (
            STATUS,
            step(
                "Read why Prometheus cannot scrape it: refused means not running, a time-out means stuck.",
                "Lee por qué Prometheus no puede leerlo: rechazada es que no funciona; tiempo agotado, que está "
                "atascado.",
                "curl -s http://localhost:9090/api/v1/targets?state=active | python3 -m json.tool | grep -B3 lastError",
            ),
            step(
                "Read its log (the alert's label `instance` is its name).",
                "Lee su registro (la etiqueta `instance` de la alerta es su nombre).",
                "./sereno logs COMPONENT",
            ),
        ),
        (
            step("Start it.", "Arráncalo.", "./sereno start COMPONENT"),
            step(
                "If it dies again at once, mend what its log names first: a full disk, a port taken, a wrong setting.",
                "Si vuelve a caer enseguida, arregla antes lo que dice su registro: disco lleno, puerto ocupado, un "
                "ajuste erróneo.",
                "./sereno doctor",
            ),
        ),
    ),
    "JobMissing": Runbook(
        Text(
            "Prometheus was told of no target for this job. Alerts about it cannot fire, which looks like health.",
            "A Prometheus no se le ha dado ningún objetivo para este trabajo. Sus alertas no pueden saltar, y eso "
            "parece buena salud.",
        ),
        (
            step(
                "Look for the job in the configuration that is in force.",
                "Busca el trabajo en la configuración en vigor.",
                "curl -s http://localhost:9090/api/v1/status/config | grep -o 'job_name: [a-z-]*'",
            ),
        ),
        (step("Write the configuration anew.", "Escribe de nuevo la configuración.", "./sereno up"),),
    ),
    "DeskUnreachable": Runbook(
        Text(
            "A request like a visitor's, through Nginx and TLS, has failed for a minute: visitors see an error or the "
            "last good page.",
            "Una petición como la de un visitante, por Nginx y TLS, falla desde hace un minuto: los visitantes ven un "
            "error o la última página buena.",
        ),
        (
            STATUS,
            step(
                "Ask as a visitor does, and read where it stops.",
                "Pide la página como un visitante y lee dónde se queda.",
                "curl -vk https://localhost:8443/healthz",
            ),
            logs("nginx"),
            logs("webapp"),
        ),
        (restart("nginx"), restart("webapp"), DOCTOR),
    ),
    "RedirectBroken": Runbook(
        Text(
            "Whoever types the address without https reaches nothing. Those who come over HTTPS notice nothing.",
            "Quien escribe la dirección sin https no llega a nada. Quien entra por HTTPS no nota nada.",
        ),
        (
            step(
                "Ask for the plain page; it should answer 301 with the HTTPS address.",
                "Pide la página sin cifrar; debe responder 301 con la dirección HTTPS.",
                "curl -sI http://localhost:8080/",
            ),
            logs("nginx"),
        ),
        (
            step(
                "Undo what was changed in docker/nginx/conf.d/, then write the configuration anew.",
                "Deshaz lo cambiado en docker/nginx/conf.d/ y escribe de nuevo la configuración.",
                "./sereno up",
            ),
        ),
    ),
    "ComponentRestarting": Runbook(
        Text(
            "A component dies and is started again, over and over. Between two lives its users get errors.",
            "Un componente cae y vuelve a arrancar, una y otra vez. Entre vida y vida, sus usuarios reciben errores.",
        ),
        (
            STATUS,
            step(
                "Read its last words before each end (the alert's label `component` is its name).",
                "Lee sus últimas palabras antes de cada final (la etiqueta `component` es su nombre).",
                "./sereno logs COMPONENT",
            ),
            step(
                "See whether the kernel killed it for want of memory.",
                "Mira si el núcleo lo mató por falta de memoria.",
                "sudo dmesg -T | grep -i 'killed process'",
            ),
        ),
        (
            step(
                "Mend what the log names. Stop the component meanwhile if its restarts harm others.",
                "Arregla lo que dice el registro. Para el componente mientras tanto si sus reinicios dañan a otros.",
                "./sereno stop COMPONENT",
            ),
        ),
    ),
    "Watchdog": Runbook(
        Text(
            "Nothing is wrong: this alert fires always, to prove that alerts are evaluated and delivered. Worry when "
            "it is missing.",
            "No pasa nada: esta alerta salta siempre, para probar que las alertas se evalúan y se entregan. "
            "Preocúpate si falta.",
        ),
        (
            step(
                "If it is missing, look at who evaluates and who delivers.",
                "Si falta, mira a quien evalúa y a quien entrega.",
                "./sereno status",
            ),
            logs("prometheus"),
            logs("alertmanager"),
        ),
        (restart("prometheus"), restart("alertmanager")),
    ),
}
