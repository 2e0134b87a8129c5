"""Is the watch itself well: Prometheus and Alertmanager."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile


def monitoring() -> RuleFile:
    """`monitoring.yml`."""
    return RuleFile("monitoring.yml", "Is the watch itself well?", (*_prometheus(), *_alertmanager()))


def _prometheus() -> tuple[Alert, ...]:
    component = "prometheus"
    return (
        Alert(
            "PrometheusConfigReloadFailed",
            "prometheus_config_last_reload_successful == 0",
            Severity.WARNING,
            Text("Prometheus refused its new configuration", "Prometheus rechazó su nueva configuración"),
            Text(
                "It goes on with the old one; what was changed in prometheus.yml or in the rules is not in force.",
                "Sigue con la anterior; lo cambiado en prometheus.yml o en las reglas no está en vigor.",
            ),
            lasting="5m",
            component=component,
        ),
        Alert(
            "PrometheusRuleFailures",
            "increase(prometheus_rule_evaluation_failures_total[5m]) > 0",
            Severity.WARNING,
            Text("A rule cannot be evaluated", "Una regla no se puede evaluar"),
            Text(
                "Rules of {{ $labels.rule_group }} fail; their alerts cannot fire.",
                "Fallan reglas de {{ $labels.rule_group }}; sus alertas no pueden saltar.",
            ),
            component=component,
        ),
        Alert(
            "PrometheusRulesLate",
            "increase(prometheus_rule_group_iterations_missed_total[5m]) > 0",
            Severity.WARNING,
            Text("Rules are evaluated too slowly", "Las reglas se evalúan con demasiada lentitud"),
            Text(
                "The group {{ $labels.rule_group }} takes longer than its interval, so alerts come late.",
                "El grupo {{ $labels.rule_group }} tarda más que su intervalo; las alertas llegan tarde.",
            ),
            lasting="5m",
            component=component,
        ),
        Alert(
            "PrometheusNoAlertmanager",
            "prometheus_notifications_alertmanagers_discovered < 1",
            Severity.CRITICAL,
            Text("Prometheus knows no Alertmanager", "Prometheus no conoce ningún Alertmanager"),
            Text("Its alerts reach nobody.", "Sus alertas no llegan a nadie."),
            lasting="5m",
            component=component,
        ),
        Alert(
            "PrometheusNotificationErrors",
            "100 * rate(prometheus_notifications_errors_total[5m]) / rate(prometheus_notifications_sent_total[5m]) > 1",
            Severity.WARNING,
            Text("Alerts get lost on the way to Alertmanager", "Se pierden alertas camino de Alertmanager"),
            Text(
                '{{ $value | printf "%.0f" }} % of what Prometheus sends to {{ $labels.alertmanager }} fails.',
                'Falla el {{ $value | printf "%.0f" }} % de lo que Prometheus envía a {{ $labels.alertmanager }}.',
            ),
            lasting="5m",
            component=component,
        ),
        Alert(
            "PrometheusStorageFailing",
            "increase(prometheus_tsdb_compactions_failed_total[3h]) > 0\n"
            "or increase(prometheus_tsdb_wal_writes_failed_total[3h]) > 0",
            Severity.WARNING,
            Text("Prometheus cannot write its measurements", "Prometheus no puede guardar sus mediciones"),
            Text(
                "Compacting or writing has failed in the last three hours, usually for want of disk space.",
                "En las últimas tres horas ha fallado la compactación o la escritura, casi siempre por falta de disco.",
            ),
            component=component,
        ),
    )


def _alertmanager() -> tuple[Alert, ...]:
    component = "alertmanager"
    return (
        Alert(
            "AlertmanagerConfigReloadFailed",
            "alertmanager_config_last_reload_successful == 0",
            Severity.WARNING,
            Text("Alertmanager refused its new configuration", "Alertmanager rechazó su nueva configuración"),
            Text(
                "It goes on with the old one; what was changed in alertmanager.yml is not in force.",
                "Sigue con la anterior; lo cambiado en alertmanager.yml no está en vigor.",
            ),
            lasting="5m",
            component=component,
        ),
        Alert(
            "AlertmanagerDeliveriesFailing",
            "100 * rate(alertmanager_notifications_failed_total[5m]) / rate(alertmanager_notifications_total[5m]) > 1",
            Severity.WARNING,
            Text("Alerts do not reach the desk", "Las alertas no llegan a la mesa de guardia"),
            Text(
                '{{ $value | printf "%.0f" }} % of the deliveries by {{ $labels.integration }} failed for 5 minutes.',
                'Falla el {{ $value | printf "%.0f" }} % de las entregas por {{ $labels.integration }} desde hace '
                "5 minutos.",
            ),
            lasting="5m",
            component=component,
        ),
    )
