"""Does everything answer: targets, the desk from outside, and the alert that proves alerting works."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import JOBS
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile


def availability() -> RuleFile:
    """`availability.yml`; the first rule is the seed's."""
    return RuleFile(
        "availability.yml",
        "Does everything answer?",
        (
            Alert(
                "InstanceDown",
                "up == 0",
                Severity.CRITICAL,
                Text("{{ $labels.instance }} does not answer", "{{ $labels.instance }} no responde"),
                Text(
                    "Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }}).",
                    "Prometheus no puede leer las métricas de {{ $labels.instance }} (trabajo {{ $labels.job }}).",
                ),
            ),
            Alert(
                "JobMissing",
                # A selector that matches nothing looks like health; absent() gives back the labels it was asked for.
                "\nor ".join(f'absent(up{{job="{job}"}})' for job in JOBS),
                Severity.WARNING,
                Text("Nothing is scraped as {{ $labels.job }}", "No se mide nada como {{ $labels.job }}"),
                Text(
                    "Prometheus has no target for the job {{ $labels.job }}, so its alerts cannot fire.",
                    "Prometheus no tiene ningún objetivo para el trabajo {{ $labels.job }}; sus alertas no saltarán.",
                ),
                lasting="5m",
            ),
            Alert(
                "DeskUnreachable",
                'probe_success{job="probes",instance="desk"} == 0',
                Severity.CRITICAL,
                Text("The site does not answer over HTTPS", "El sitio no responde por HTTPS"),
                Text(
                    "A request through Nginx and TLS, made as a visitor makes it, has failed for a minute.",
                    "Una petición a través de Nginx y TLS, hecha como la de un visitante, falla desde hace un minuto.",
                ),
                lasting="1m",
            ),
            Alert(
                "RedirectBroken",
                'probe_success{job="probes",instance="redirect"} == 0',
                Severity.WARNING,
                Text("Plain HTTP is not redirected to HTTPS", "HTTP no se redirige a HTTPS"),
                Text(
                    "The port for plain HTTP has not answered with a redirect for a minute.",
                    "El puerto de HTTP no responde con una redirección desde hace un minuto.",
                ),
                lasting="1m",
            ),
            Alert(
                "ComponentRestarting",
                # The start time is hidden while there is no process, so that only new processes count as changes.
                'changes((namedprocess_namegroup_oldest_start_time_seconds{job="process"} > 0)[15m:15s]) > 2',
                Severity.WARNING,
                Text("{{ $labels.groupname }} keeps restarting", "{{ $labels.groupname }} se reinicia una y otra vez"),
                Text(
                    "{{ $labels.groupname }} started {{ $value }} times anew in 15 minutes.",
                    "{{ $labels.groupname }} ha arrancado {{ $value }} veces de nuevo en 15 minutos.",
                ),
                component="{{ $labels.groupname }}",
            ),
            Alert(
                "Watchdog",
                "vector(1)",
                Severity.NONE,
                Text("Alerting works", "El sistema de alertas funciona"),
                Text(
                    "This alert always fires. When it stops arriving, alerts no longer reach anyone.",
                    "Esta alerta salta siempre. Si deja de llegar, las alertas ya no llegan a nadie.",
                ),
            ),
        ),
    )
