"""Runbooks for the alerts of `rules/monitoring.py`: Prometheus and Alertmanager themselves."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import DOCTOR, LARGEST_FOLDERS, STATUS, Runbook, logs, restart, step

MONITORING = {
    "PrometheusConfigReloadFailed": Runbook(
        Text(
            "Prometheus goes on with its old configuration. New targets and rules are not in force.",
            "Prometheus sigue con su configuración anterior. Los objetivos y reglas nuevos no están en vigor.",
        ),
        (
            logs("prometheus"),
            step(
                "Check the rules of your own.",
                "Comprueba tus propias reglas.",
                "promtool check rules prometheus/rules/custom/*.yml",
            ),
        ),
        (step("Mend the file and load it.", "Corrige el archivo y cárgalo.", "./sereno up"),),
    ),
    "PrometheusRuleFailures": Runbook(
        Text(
            "A rule cannot be evaluated; its alert would not fire. Most often two series carry the same labels.",
            "Una regla no se puede evaluar; su alerta no saltaría. Suele haber dos series con las mismas etiquetas.",
        ),
        (
            logs("prometheus"),
            step(
                "See which rule fails and why.",
                "Mira qué regla falla y por qué.",
                "curl -s http://localhost:9090/api/v1/rules | python3 -m json.tool | grep -A2 lastError",
            ),
        ),
        (step("Mend the rule of your own, and load it.", "Corrige tu regla y cárgala.", "./sereno up"),),
    ),
    "PrometheusRulesLate": Runbook(
        Text(
            "Evaluating the rules takes longer than their interval, so alerts come late.",
            "Evaluar las reglas tarda más que su intervalo; las alertas llegan tarde.",
        ),
        (
            step(
                "See which group takes long.",
                "Mira qué grupo tarda.",
                "curl -s http://localhost:9090/metrics | grep rule_group_last_duration",
            ),
        ),
        (
            step(
                "Simplify rules of your own that look far back; if the machine is busy, follow HighCpuUsage.",
                "Simplifica tus reglas que miran muy atrás; si la máquina está ocupada, sigue HighCpuUsage.",
            ),
        ),
    ),
    "PrometheusNoAlertmanager": Runbook(
        Text(
            "Prometheus has nobody to hand alerts to: they fire and reach no one.",
            "Prometheus no tiene a quién entregar las alertas: saltan y no llegan a nadie.",
        ),
        (STATUS, logs("prometheus")),
        (step("Write the configuration anew.", "Escribe de nuevo la configuración.", "./sereno up"),),
    ),
    "PrometheusNotificationErrors": Runbook(
        Text(
            "Part of the alerts do not get from Prometheus to Alertmanager.",
            "Parte de las alertas no pasa de Prometheus a Alertmanager.",
        ),
        (logs("alertmanager"), logs("prometheus")),
        (restart("alertmanager"),),
    ),
    "PrometheusStorageFailing": Runbook(
        Text(
            "Prometheus cannot store its measurements. Charts will have gaps, and after a restart they are lost.",
            "Prometheus no puede guardar sus mediciones. Los gráficos tendrán huecos y un reinicio las perdería.",
        ),
        (
            step("See whether a disk is full.", "Mira si hay un disco lleno.", "df -h"),
            logs("prometheus"),
            LARGEST_FOLDERS,
        ),
        (
            step(
                "Make room, keep less (prometheus.retention_size), then start again.",
                "Haz sitio, guarda menos (prometheus.retention_size) y vuelve a arrancar.",
                "./sereno up",
            ),
        ),
    ),
    "AlertmanagerConfigReloadFailed": Runbook(
        Text(
            "Alertmanager goes on with its old configuration; changed routes and receivers are not in force.",
            "Alertmanager sigue con su configuración anterior; las rutas y receptores cambiados no están en vigor.",
        ),
        (
            logs("alertmanager"),
            step("Check the file.", "Comprueba el archivo.", "amtool check-config alertmanager/alertmanager.yml"),
        ),
        (step("Write it anew.", "Escríbelo de nuevo.", "./sereno up"),),
    ),
    "AlertmanagerDeliveriesFailing": Runbook(
        Text(
            "Alertmanager cannot hand alerts to the desk. It keeps trying, and the worker fetches what was missed, so "
            "nothing is lost; it arrives late. Where [notify] names heartbeat_url, fallback_email or fallback_webhook, "
            "deliveries to those that fail count as well.",
            "Alertmanager no puede entregar alertas a la mesa de guardia. Sigue intentándolo y el worker recoge lo que "
            "faltó: nada se pierde, pero llega tarde. Si [notify] nombra heartbeat_url, fallback_email o "
            "fallback_webhook, también cuentan las entregas a estos que fallan.",
        ),
        (STATUS, logs("alertmanager"), logs("webapp")),
        (
            step(
                "Answers 401: the token was changed; starting anew writes it again. Answers 503: follow MysqlDown.",
                "Si responde 401: cambió el testigo; al arrancar de nuevo se reescribe. Si 503: sigue MysqlDown.",
                "./sereno up",
            ),
            step(
                "The log names another receiver than the desk: correct its address or token in [notify].",
                "Si el registro nombra otro receptor que la mesa: corrige su dirección o su token en [notify].",
            ),
            DOCTOR,
        ),
    ),
}
