"""What probes see from outside: does it answer, how fast, and how long is its certificate good.

Probes have intervals of their own (5 s to 2 min), so "twice in a row" is told by the samples and not by a duration.
"""

from __future__ import annotations

from sereno.core.text import Text
from sereno.settings import Settings
from sereno.watch.conventions import PROBE_FAILED_TWICE, WATCHED
from sereno.watch.model import Severity
from sereno.watch.probes.model import CERTIFICATE_DAYS
from sereno.watch.rules.model import Alert, RuleFile, number

DAY_SECONDS = 86400
SLOW_SECONDS = 2.0
"""On average over five minutes. Readers begin to leave a page that takes longer; a ping takes milliseconds."""

_COMPONENT = '{{ if eq $labels.source "" }}nginx{{ else }}{{ $labels.instance }}{{ end }}'
"""The desk's own certificate is Nginx's; every other belongs to what is probed."""


def probes(settings: Settings) -> RuleFile:
    """`probes.yml`."""
    return RuleFile("probes.yml", "What do probes see?", (_failed(), _slow(), *_certificates(settings)))


def _failed() -> Alert:
    return Alert(
        "ProbeFailed",
        PROBE_FAILED_TWICE,
        Severity.CRITICAL,
        Text("{{ $labels.instance }} does not answer as it should", "{{ $labels.instance }} no responde como debe"),
        Text(
            "The probe {{ $labels.instance }} ({{ $labels.kind }}) has failed twice in a row.",
            "La sonda {{ $labels.instance }} ({{ $labels.kind }}) ha fallado dos veces seguidas.",
        ),
        component="{{ $labels.instance }}",
    )


def _slow() -> Alert:
    return Alert(
        "ProbeSlow",
        f"avg_over_time(probe_duration_seconds{{{WATCHED}}}[5m]) > {number(SLOW_SECONDS)}\n"
        # A failure may take until its time-out, and is told as what it is.
        f"and min_over_time(probe_success{{{WATCHED}}}[5m]) == 1",
        Severity.WARNING,
        Text("{{ $labels.instance }} answers slowly", "{{ $labels.instance }} responde despacio"),
        Text(
            'An answer of {{ $labels.instance }} has taken {{ $value | printf "%.1f" }} s on average for five minutes.',
            'Una respuesta de {{ $labels.instance }} tarda {{ $value | printf "%.1f" }} s de media desde hace cinco '
            "minutos.",
        ),
        lasting="2m",
        component="{{ $labels.instance }}",
    )


def _certificates(settings: Settings) -> tuple[Alert, ...]:
    """Three weeks (or as many days as a probe says) leave time for a person, three days do not."""
    early = sorted({*CERTIFICATE_DAYS, *(each.certificate_days for each in settings.probes)} - {0})
    expiry = "probe_ssl_earliest_cert_expiry"
    return (
        _expiring(
            "CertificateExpiresSoon",
            "\nor ".join(
                f'{expiry}{{job="probes",certificate_days="{days}"}} - time() < {days} * {DAY_SECONDS}'
                for days in early
            ),
            Severity.WARNING,
            Text("A certificate expires soon", "Un certificado caduca pronto"),
        ),
        _expiring(
            "CertificateAboutToExpire",
            f'{expiry}{{job="probes",certificate_days!=""}} - time() < 3 * {DAY_SECONDS}',
            Severity.CRITICAL,
            Text("A certificate expires in less than 3 days", "Un certificado caduca en menos de 3 días"),
        ),
    )


def _expiring(name: str, expr: str, severity: Severity, summary: Text) -> Alert:
    return Alert(
        name,
        expr,
        severity,
        summary,
        Text(
            "What is served at {{ $labels.instance }} expires in {{ $value | humanizeDuration }}.",
            "Lo que se sirve en {{ $labels.instance }} caduca dentro de {{ $value | humanizeDuration }}.",
        ),
        component=_COMPONENT,
    )
