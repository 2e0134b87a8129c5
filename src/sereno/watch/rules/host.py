"""Is the machine well: processors, memory, disks, clock, and the kernel's own limits.

The first three rules are the seed's, with the numbers of the settings. The finer ones beside them take their numbers
from node_exporter's mixin and from awesome-prometheus-alerts, unless a comment says otherwise.
"""

from __future__ import annotations

from sereno.core.text import Text
from sereno.settings import Settings
from sereno.watch.conventions import (
    DISK_FREE_PERCENT,
    MEMORY_AVAILABLE_PERCENT,
    WRITABLE,
    cpu_percent,
    duration,
    rate_window,
)
from sereno.watch.model import Severity
from sereno.watch.rules.disks import disks
from sereno.watch.rules.limits import limits
from sereno.watch.rules.model import Alert, RuleFile, number


def host(settings: Settings) -> RuleFile:
    """`host.yml`."""
    return RuleFile(
        "host.yml",
        "Is the machine well?",
        (*_seed(settings), *_processors(), *_memory(), *disks(), *limits()),
    )


def _seed(settings: Settings) -> tuple[Alert, ...]:
    cpu, cpu_for = number(settings.alerts.cpu_percent), settings.alerts.cpu_for
    memory = number(settings.alerts.memory_available_percent)
    disk = number(settings.alerts.disk_free_percent)
    return (
        Alert(
            "HighCpuUsage",
            f"{cpu_percent(duration(rate_window(settings)))} > {cpu}",
            Severity.WARNING,
            Text(f"CPU use above {cpu} %", f"Uso de CPU por encima del {cpu} %"),
            Text(
                f'The processors of {{{{ $labels.instance }}}} have been {{{{ $value | printf "%.1f" }}}} % busy '
                f"(more than {cpu} % for {cpu_for}).",
                f'Los procesadores de {{{{ $labels.instance }}}} están ocupados al {{{{ $value | printf "%.1f" }}}} % '
                f"(más del {cpu} % durante {cpu_for}).",
            ),
            lasting=cpu_for,
        ),
        Alert(
            "LowMemoryAvailable",
            f"{MEMORY_AVAILABLE_PERCENT} < {memory}",
            Severity.WARNING,
            Text(f"Available memory below {memory} %", f"Memoria disponible por debajo del {memory} %"),
            Text(
                '{{ $value | printf "%.1f" }} % of the memory of {{ $labels.instance }} is available.',
                'Queda disponible el {{ $value | printf "%.1f" }} % de la memoria de {{ $labels.instance }}.',
            ),
        ),
        Alert(
            "LowDiskSpace",
            f"{DISK_FREE_PERCENT} < {disk}\nand {WRITABLE}",
            Severity.WARNING,
            Text(
                f"Less than {disk} % free on {{{{ $labels.mountpoint }}}}",
                f"Menos del {disk} % libre en {{{{ $labels.mountpoint }}}}",
            ),
            Text(
                '{{ $value | printf "%.1f" }} % of {{ $labels.mountpoint }} ({{ $labels.device }}) on '
                "{{ $labels.instance }} is free.",
                'Queda libre el {{ $value | printf "%.1f" }} % de {{ $labels.mountpoint }} ({{ $labels.device }}) en '
                "{{ $labels.instance }}.",
            ),
        ),
    )


def _processors() -> tuple[Alert, ...]:
    return (
        Alert(
            "CpuSaturated",
            'node_load1 / on (instance) group_left count by (instance) (node_cpu_seconds_total{mode="idle"}) > 2',
            Severity.WARNING,
            Text("Work queues up for the processors", "El trabajo hace cola ante los procesadores"),
            Text(
                'The load of {{ $labels.instance }} has been {{ $value | printf "%.1f" }} a core for 15 minutes.',
                'La carga de {{ $labels.instance }} es {{ $value | printf "%.1f" }} por núcleo desde hace 15 minutos.',
            ),
            lasting="15m",
        ),
        Alert(
            "CpuStolen",
            '100 * avg by (instance) (rate(node_cpu_seconds_total{mode="steal"}[5m])) > 10',
            Severity.WARNING,
            Text("The machine's host takes processor time away", "El anfitrión de la máquina le quita tiempo de CPU"),
            Text(
                '{{ $value | printf "%.1f" }} % of the processor time of {{ $labels.instance }} goes to other machines '
                "on the same host.",
                'El {{ $value | printf "%.1f" }} % del tiempo de CPU de {{ $labels.instance }} se va a otras máquinas '
                "del mismo anfitrión.",
            ),
            lasting="10m",
        ),
    )


def _memory() -> tuple[Alert, ...]:
    return (
        Alert(
            "OomKill",
            "increase(node_vmstat_oom_kill[30m]) > 0",
            Severity.WARNING,
            Text("The kernel killed a process for want of memory", "El núcleo mató un proceso por falta de memoria"),
            Text(
                '{{ $value | printf "%.0f" }} processes were killed on {{ $labels.instance }} in the last 30 minutes.',
                '{{ $value | printf "%.0f" }} procesos fueron eliminados en {{ $labels.instance }} en los últimos '
                "30 minutos.",
            ),
        ),
        Alert(
            "SwapAlmostFull",
            "100 * (1 - node_memory_SwapFree_bytes / node_memory_SwapTotal_bytes) > 80",
            Severity.WARNING,
            Text("Swap is almost full", "La memoria de intercambio está casi llena"),
            Text(
                '{{ $value | printf "%.0f" }} % of the swap of {{ $labels.instance }} has been in use for 10 minutes.',
                'El {{ $value | printf "%.0f" }} % del intercambio de {{ $labels.instance }} está en uso desde hace '
                "10 minutos.",
            ),
            lasting="10m",
        ),
        Alert(
            "MajorPageFaults",
            "rate(node_vmstat_pgmajfault[5m]) > 500",
            Severity.WARNING,
            Text("Memory is read back from disk all the time", "La memoria se relee del disco sin cesar"),
            Text(
                '{{ $labels.instance }} has had {{ $value | printf "%.0f" }} major page faults a second for '
                "15 minutes.",
                '{{ $labels.instance }} tiene {{ $value | printf "%.0f" }} fallos de página mayores por segundo desde '
                "hace 15 minutos.",
            ),
            lasting="15m",
        ),
    )
