"""The dashboard *System*: one machine's processors, memory, disks and network (utilisation, saturation, errors)."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.settings import Settings
from sereno.watch.conventions import REAL_FILESYSTEM
from sereno.watch.dashboards.model import (
    GRID_WIDTH,
    SELECTED,
    Dashboard,
    Kind,
    Limit,
    Panel,
    Query,
    Row,
    job_and_instance,
)

_CPU = f'100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{{{SELECTED},mode="idle"}}[$__rate_interval])))'
_MEMORY = f"100 * node_memory_MemAvailable_bytes{{{SELECTED}}} / node_memory_MemTotal_bytes{{{SELECTED}}}"
_DISK = (
    f"100 * node_filesystem_avail_bytes{{{SELECTED},{REAL_FILESYSTEM}}}"
    f" / node_filesystem_size_bytes{{{SELECTED},{REAL_FILESYSTEM}}}"
)
_CORES = f'count by (instance) (node_cpu_seconds_total{{{SELECTED},mode="idle"}})'
_DEVICES = 'device!~"loop.*|ram.*|dm-.*|sr.*"'
_INTERFACES = 'device!~"lo|veth.*|br-.*|docker.*"'


def system(settings: Settings) -> Dashboard:
    """The dashboard, with threshold lines where the alerts have theirs."""
    cpu = Limit(settings.alerts.cpu_percent)
    memory = Limit(settings.alerts.memory_available_percent, below=True)
    disk = Limit(settings.alerts.disk_free_percent, below=True)
    return Dashboard(
        name="system",
        title="System",
        description=Text(
            "One machine: processors, memory, disks, network.", "Una máquina: CPU, memoria, discos y red."
        ),
        variables=job_and_instance("node_uname_info"),
        rows=(
            Row("Now", _now(cpu, memory, disk)),
            Row("Processors and memory", _processors_and_memory(cpu, memory)),
            Row("Disks", _disks(disk)),
            Row("Network", _network()),
            Row("Alerts", (_alerts(),)),
        ),
    )


def _now(cpu: Limit, memory: Limit, disk: Limit) -> tuple[Panel, ...]:
    def number(title: str, description: Text, unit: str, expr: str, limit: Limit | None = None) -> Panel:
        return Panel(title, description, unit, (Query(expr, "{{instance}}"),), Kind.NUMBER, limit, width=4, height=4)

    return (
        number(
            "CPU use",
            Text("Share of the processors' time that is not idle.", "Parte del tiempo de CPU que no está ociosa."),
            "percent",
            _CPU,
            cpu,
        ),
        number(
            "Memory available",
            Text(
                "What programs can still have without swapping.", "Lo que los programas aún pueden pedir sin paginar."
            ),
            "percent",
            _MEMORY,
            memory,
        ),
        number(
            "Least free disk",
            Text("The fullest of the real file systems.", "El más lleno de los sistemas de archivos reales."),
            "percent",
            f"min by (instance) ({_DISK})",
            disk,
        ),
        number(
            "Load for each core",
            Text(
                "Processes that run or wait to run, for each core; above 1 they queue up.",
                "Procesos que corren o esperan, por núcleo; por encima de 1 hacen cola.",
            ),
            "short",
            f"node_load1{{{SELECTED}}} / on (instance) group_left {_CORES}",
            Limit(2),
        ),
        number(
            "Up since",
            Text("Time since the machine started.", "Tiempo desde que arrancó la máquina."),
            "s",
            f"time() - node_boot_time_seconds{{{SELECTED}}}",
        ),
        number(
            "Age of these numbers",
            Text("Time since Node Exporter was last scraped.", "Tiempo desde la última lectura de Node Exporter."),
            "s",
            f"time() - timestamp(node_time_seconds{{{SELECTED}}})",
        ),
    )


def _processors_and_memory(cpu: Limit, memory: Limit) -> tuple[Panel, ...]:
    def used(name: str) -> str:
        return f"node_memory_{name}_bytes{{{SELECTED}}}"

    return (
        Panel(
            "CPU use over time",
            Text(
                "The line is HighCpuUsage's threshold; above it for its time, the alert fires.",
                "La línea es el umbral de HighCpuUsage; si se supera durante su plazo, salta la alerta.",
            ),
            "percent",
            (Query(_CPU, "{{instance}}"),),
            limit=cpu,
            maximum=100,
        ),
        Panel(
            "CPU time by mode",
            Text(
                "What the processors do: iowait is waiting for disks, steal is time that the host gave to others.",
                "Qué hacen los procesadores: iowait espera a los discos, steal es tiempo que el anfitrión dio a otros.",
            ),
            "percent",
            (
                Query(
                    f'100 * avg by (mode) (rate(node_cpu_seconds_total{{{SELECTED},mode!="idle"}}[$__rate_interval]))',
                    "{{mode}}",
                ),
            ),
            Kind.STACK,
            maximum=100,
        ),
        Panel(
            "Load",
            Text(
                "Processes that run or wait, over 1, 5 and 15 minutes, for each core; the line is CpuSaturated's.",
                "Procesos que corren o esperan, en 1, 5 y 15 minutos, por núcleo; la línea es la de CpuSaturated.",
            ),
            "short",
            tuple(
                Query(
                    f"node_load{minutes}{{{SELECTED}}} / on (instance) group_left {_CORES}",
                    f"{minutes} min {{{{instance}}}}",
                )
                for minutes in (1, 5, 15)
            ),
            limit=Limit(2),
        ),
        Panel(
            "Memory available over time",
            Text(
                "The line is LowMemoryAvailable's threshold; below it the alert fires at once.",
                "La línea es el umbral de LowMemoryAvailable; por debajo, la alerta salta enseguida.",
            ),
            "percent",
            (Query(_MEMORY, "{{instance}}"),),
            limit=memory,
            maximum=100,
        ),
        Panel(
            "Memory by use",
            Text(
                "Cache is given back when programs need it; only what is used by programs is really taken.",
                "La caché se devuelve cuando los programas la necesitan; solo lo usado está de verdad ocupado.",
            ),
            "bytes",
            (
                Query(
                    f"{used('MemTotal')} - {used('MemFree')} - {used('Buffers')} - {used('Cached')}"
                    f" - {used('SReclaimable')}",
                    "programs {{instance}}",
                ),
                Query(f"{used('Buffers')} + {used('Cached')} + {used('SReclaimable')}", "cache {{instance}}"),
                Query(used("MemFree"), "free {{instance}}"),
            ),
            Kind.STACK,
        ),
        Panel(
            "Pages from and to disk",
            Text(
                "Major faults read memory back from disk; many of them mean that memory is too small.",
                "Los fallos mayores releen memoria del disco; muchos indican que falta memoria.",
            ),
            "ops",
            (Query(f"rate(node_vmstat_pgmajfault{{{SELECTED}}}[$__rate_interval])", "major faults {{instance}}"),),
        ),
    )


def _disks(disk: Limit) -> tuple[Panel, ...]:
    def per_device(metric: str, legend: str, factor: str = "") -> Query:
        return Query(f"{factor}rate({metric}{{{SELECTED},{_DEVICES}}}[$__rate_interval])", f"{legend} {{{{device}}}}")

    return (
        Panel(
            "Disk free",
            Text(
                "Free space that programs may fill, by mount point; the line is LowDiskSpace's threshold.",
                "Espacio libre que los programas pueden llenar, por punto de montaje; la línea es la de LowDiskSpace.",
            ),
            "percent",
            (Query(_DISK, "{{mountpoint}} {{instance}}"),),
            limit=disk,
            maximum=100,
        ),
        Panel(
            "Disk throughput",
            Text("Bytes read and written, by disk.", "Bytes leídos y escritos, por disco."),
            "Bps",
            (
                per_device("node_disk_read_bytes_total", "read"),
                per_device("node_disk_written_bytes_total", "written"),
            ),
        ),
        Panel(
            "Disk busy",
            Text(
                "Share of the time in which the disk had something to do.",
                "Parte del tiempo en que el disco tenía algo que hacer.",
            ),
            "percent",
            (per_device("node_disk_io_time_seconds_total", "busy", "100 * "),),
            maximum=100,
        ),
        Panel(
            "Disk queue",
            Text(
                "Requests that wait on average; above 10 for half an hour DiskQueueLong fires.",
                "Peticiones que esperan de media; por encima de 10 durante media hora salta DiskQueueLong.",
            ),
            "short",
            (per_device("node_disk_io_time_weighted_seconds_total", "waiting"),),
            limit=Limit(10),
        ),
    )


def _network() -> tuple[Panel, ...]:
    def per_interface(metric: str, legend: str) -> Query:
        return Query(
            f"rate(node_network_{metric}_total{{{SELECTED},{_INTERFACES}}}[$__rate_interval])",
            f"{legend} {{{{device}}}}",
        )

    return (
        Panel(
            "Network traffic",
            Text("Bytes received and sent, by interface.", "Bytes recibidos y enviados, por interfaz."),
            "Bps",
            (per_interface("receive_bytes", "received"), per_interface("transmit_bytes", "sent")),
        ),
        Panel(
            "Network errors and drops",
            Text(
                "Packets that were damaged or thrown away; it should stay at zero.",
                "Paquetes dañados o descartados; debería quedarse en cero.",
            ),
            "pps",
            (
                per_interface("receive_errs", "receive errors"),
                per_interface("transmit_errs", "send errors"),
                per_interface("receive_drop", "receive drops"),
                per_interface("transmit_drop", "send drops"),
            ),
        ),
    )


def _alerts() -> Panel:
    return Panel(
        "Alerts firing",
        Text(
            "Every alert that fires now, on any target. The Watchdog always does: it proves that alerting works.",
            "Todas las alertas que saltan ahora. Watchdog salta siempre: prueba que el sistema de alertas funciona.",
        ),
        "none",
        (Query('max by (alertname, severity, job, instance) (ALERTS{alertstate="firing"})', "{{alertname}}"),),
        Kind.TABLE,
        width=GRID_WIDTH,
    )
