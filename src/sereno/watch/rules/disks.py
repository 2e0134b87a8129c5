"""Disks beside the seed's fixed threshold: predictions, the last reserve, inodes, and what became read-only."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import DISK_FREE_PERCENT, REAL_FILESYSTEM, WRITABLE
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert

_INODES_FREE_PERCENT = f"100 * node_filesystem_files_free{{{REAL_FILESYSTEM}}} / node_filesystem_files"
"""File systems that make inodes as they need them (btrfs, vfat) say 0, and a share of nothing is no number."""


def disks() -> tuple[Alert, ...]:
    """The finer alerts about disks."""
    return (
        _filling("DiskFullWithinADay", free_percent=40, hours=24, severity=Severity.WARNING),
        _filling("DiskFullWithinHours", free_percent=20, hours=4, severity=Severity.CRITICAL),
        Alert(
            "DiskAlmostFull",
            # The mixin pages at 3 % after 30 minutes; a database that can't write loses requests long before that.
            f"{DISK_FREE_PERCENT} < 5\nand {WRITABLE}",
            Severity.CRITICAL,
            Text(
                "Almost nothing is free on {{ $labels.mountpoint }}",
                "Casi no queda nada libre en {{ $labels.mountpoint }}",
            ),
            Text(
                '{{ $value | printf "%.1f" }} % of {{ $labels.mountpoint }} on {{ $labels.instance }} is free; '
                "writing will soon fail.",
                'Queda libre el {{ $value | printf "%.1f" }} % de {{ $labels.mountpoint }} en {{ $labels.instance }}; '
                "pronto no se podrá escribir.",
            ),
            lasting="5m",
        ),
        _inodes("InodesLow", percent=5, severity=Severity.WARNING),
        _inodes("InodesAlmostGone", percent=3, severity=Severity.CRITICAL),
        Alert(
            "FilesystemBecameReadOnly",
            # A file system that is read-only by design never was 0; the kernel remounts one that has errors.
            f"node_filesystem_readonly{{{REAL_FILESYSTEM}}} == 1\nand min_over_time(node_filesystem_readonly[1h]) == 0",
            Severity.CRITICAL,
            Text("{{ $labels.mountpoint }} became read-only", "{{ $labels.mountpoint }} ha quedado en solo lectura"),
            Text(
                "{{ $labels.mountpoint }} ({{ $labels.device }}) on {{ $labels.instance }} could be written within the "
                "last hour and cannot be now.",
                "En {{ $labels.mountpoint }} ({{ $labels.device }}) de {{ $labels.instance }} se podía escribir hace "
                "menos de una hora y ahora no.",
            ),
        ),
        Alert(
            "DiskQueueLong",
            "rate(node_disk_io_time_weighted_seconds_total[5m]) > 10",
            Severity.WARNING,
            Text(
                "Requests queue up for the disk {{ $labels.device }}",
                "Las peticiones hacen cola ante el disco {{ $labels.device }}",
            ),
            Text(
                '{{ $value | printf "%.0f" }} requests have been waiting for {{ $labels.device }} of '
                "{{ $labels.instance }} for half an hour.",
                '{{ $value | printf "%.0f" }} peticiones esperan a {{ $labels.device }} de {{ $labels.instance }} '
                "desde hace media hora.",
            ),
            lasting="30m",
        ),
    )


def _filling(name: str, *, free_percent: int, hours: int, severity: Severity) -> Alert:
    """Less than `free_percent` is free, and at the pace of the last six hours nothing is left within `hours`."""
    return Alert(
        name,
        f"{DISK_FREE_PERCENT} < {free_percent}\n"
        f"and predict_linear(node_filesystem_avail_bytes[6h], {hours} * 3600) < 0\n"
        f"and {WRITABLE}",
        severity,
        Text(
            f"{{{{ $labels.mountpoint }}}} will be full within {hours} hours",
            f"{{{{ $labels.mountpoint }}}} se llenará en menos de {hours} horas",
        ),
        Text(
            '{{ $value | printf "%.1f" }} % of {{ $labels.mountpoint }} on {{ $labels.instance }} is free, and at the '
            f"pace of the last six hours nothing will be in {hours} hours.",
            'Queda libre el {{ $value | printf "%.1f" }} % de {{ $labels.mountpoint }} en {{ $labels.instance }}, y al '
            f"ritmo de las últimas seis horas no quedará nada en {hours} horas.",
        ),
        lasting="1h",
    )


def _inodes(name: str, *, percent: int, severity: Severity) -> Alert:
    return Alert(
        name,
        f"{_INODES_FREE_PERCENT} < {percent}\nand {WRITABLE}",
        severity,
        Text(
            f"Less than {percent} % of the inodes of {{{{ $labels.mountpoint }}}} are free",
            f"Queda libre menos del {percent} % de los inodos de {{{{ $labels.mountpoint }}}}",
        ),
        Text(
            'Only {{ $value | printf "%.1f" }} % of the inodes of {{ $labels.mountpoint }} on {{ $labels.instance }} '
            "are free; without one no file can be made, however much space is left.",
            'Solo queda libre el {{ $value | printf "%.1f" }} % de los inodos de {{ $labels.mountpoint }} en '
            "{{ $labels.instance }}; sin inodos no se crea ningún archivo, por mucho espacio que quede.",
        ),
        lasting="1h",
    )
