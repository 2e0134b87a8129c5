"""The machine's clock and the kernel's own limits."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert


def limits() -> tuple[Alert, ...]:
    """Alerts about the clock, file descriptors and tracked connections."""
    return (
        *_clock(),
        _descriptors("FileDescriptorsHigh", 70, Severity.WARNING),
        _descriptors("FileDescriptorsAlmostGone", 90, Severity.CRITICAL),
        Alert(
            "ProcessFileDescriptorsHigh",
            "100 * process_open_fds / process_max_fds > 80",
            Severity.WARNING,
            Text(
                "{{ $labels.job }} is running out of file descriptors",
                "{{ $labels.job }} se queda sin descriptores de archivo",
            ),
            Text(
                '{{ $labels.instance }} has used {{ $value | printf "%.0f" }} % of the files and connections it may '
                "open for 10 minutes.",
                '{{ $labels.instance }} usa desde hace 10 minutos el {{ $value | printf "%.0f" }} % de los archivos y '
                "conexiones que puede abrir.",
            ),
            lasting="10m",
        ),
        Alert(
            "ConntrackAlmostFull",
            "100 * node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 75",
            Severity.WARNING,
            Text("The table of tracked connections is almost full", "La tabla de conexiones seguidas está casi llena"),
            Text(
                'The kernel of {{ $labels.instance }} uses {{ $value | printf "%.0f" }} % of its connection table; '
                "when it is full, new connections are dropped.",
                'El núcleo de {{ $labels.instance }} usa el {{ $value | printf "%.0f" }} % de su tabla de conexiones; '
                "cuando se llena, se rechazan las nuevas.",
            ),
            lasting="5m",
        ),
    )


def _clock() -> tuple[Alert, ...]:
    return (
        Alert(
            "ClockSkewed",
            # Away from true time and not coming back.
            "node_timex_offset_seconds > 0.05 and deriv(node_timex_offset_seconds[5m]) >= 0\n"
            "or node_timex_offset_seconds < -0.05 and deriv(node_timex_offset_seconds[5m]) <= 0",
            Severity.WARNING,
            Text("The clock is wrong and does not recover", "El reloj va mal y no se corrige"),
            Text(
                "The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}.",
                "El reloj de {{ $labels.instance }} se desvía {{ $value | humanizeDuration }}.",
            ),
            lasting="10m",
        ),
        Alert(
            "ClockNotSynchronised",
            "min_over_time(node_timex_sync_status[5m]) == 0 and node_timex_maxerror_seconds >= 16",
            Severity.INFO,
            Text("Nothing keeps the clock right", "Nada mantiene el reloj en hora"),
            Text(
                "The kernel of {{ $labels.instance }} says that no time service corrects its clock.",
                "El núcleo de {{ $labels.instance }} dice que ningún servicio de hora corrige su reloj.",
            ),
            lasting="10m",
        ),
    )


def _descriptors(name: str, percent: int, severity: Severity) -> Alert:
    return Alert(
        name,
        f"100 * node_filefd_allocated / node_filefd_maximum > {percent}",
        severity,
        Text("The machine is running out of file descriptors", "La máquina se queda sin descriptores de archivo"),
        Text(
            f'{{{{ $value | printf "%.0f" }}}} % of all files that {{{{ $labels.instance }}}} can hold open are open '
            f"(more than {percent} % for 15 minutes).",
            f'Está abierto el {{{{ $value | printf "%.0f" }}}} % de los archivos que {{{{ $labels.instance }}}} puede '
            f"mantener abiertos (más del {percent} % durante 15 minutos).",
        ),
        lasting="15m",
    )
