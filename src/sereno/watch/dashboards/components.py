"""The dashboard *Components*: what each part of the stack takes, as process-exporter counts it."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import COMPONENT_UP, THIS_HOST
from sereno.watch.dashboards.model import (
    GRID_WIDTH,
    SELECTED,
    Dashboard,
    Kind,
    Panel,
    Query,
    Row,
    Variable,
    job_and_instance,
)

_GROUPS = f'{SELECTED},groupname=~"$component"'
_CORES = f'scalar(count(node_cpu_seconds_total{{{THIS_HOST},mode="idle"}}))'
_CPU = (
    "100 * sum by (groupname) "
    f"(rate(namedprocess_namegroup_cpu_seconds_total{{{_GROUPS}}}[$__rate_interval])) / {_CORES}"
)


def _memory(memtype: str) -> str:
    return f'sum by (groupname) (namedprocess_namegroup_memory_bytes{{{_GROUPS},memtype="{memtype}"}})'


_PROPORTIONAL = f"({_memory('proportionalResident')} > 0) or {_memory('resident')}"
"""Proportional where the kernel lets it be read (it says 0 where not), else resident."""


def components() -> Dashboard:
    """The dashboard; it has no thresholds, since limits differ from component to component."""
    return Dashboard(
        name="components",
        title="Components",
        description=Text(
            "What each part of the stack takes of the machine.", "Lo que cada parte del sistema ocupa de la máquina."
        ),
        variables=(
            *job_and_instance("namedprocess_namegroup_num_procs"),
            Variable(
                "component",
                "Component",
                f"namedprocess_namegroup_num_procs{{{SELECTED}}}",
                "groupname",
            ),
        ),
        rows=(
            Row("Who takes most", _top()),
            Row("Over time", _over_time()),
            Row("State", _state()),
        ),
    )


def _top() -> tuple[Panel, ...]:
    return (
        Panel(
            "Busiest now",
            Text(
                "Share of the whole machine's processors, the five busiest components first.",
                "Parte de la CPU de toda la máquina; los cinco componentes más ocupados primero.",
            ),
            "percent",
            (Query(f"sort_desc(topk(5, {_CPU}))", "{{groupname}}"),),
            Kind.BARS,
        ),
        Panel(
            "Largest now",
            Text(
                "Memory, the five largest components first; pages that several processes share are counted once.",
                "Memoria; los cinco componentes mayores primero; lo compartido entre procesos se cuenta una vez.",
            ),
            "bytes",
            (Query(f"sort_desc(topk(5, {_PROPORTIONAL}))", "{{groupname}}"),),
            Kind.BARS,
        ),
    )


def _over_time() -> tuple[Panel, ...]:
    def rate(metric: str) -> str:
        return f"sum by (groupname) (rate(namedprocess_namegroup_{metric}_total{{{_GROUPS}}}[$__rate_interval]))"

    return (
        Panel(
            "CPU",
            Text(
                "Share of the whole machine's processors that each component takes.",
                "Parte de la CPU de toda la máquina que toma cada componente.",
            ),
            "percent",
            (Query(_CPU, "{{groupname}}"),),
            Kind.STACK,
        ),
        Panel(
            "Memory",
            Text(
                "Proportional memory (PSS) where it may be read, else resident.",
                "Memoria proporcional (PSS) donde se puede leer; si no, residente.",
            ),
            "bytes",
            (Query(_PROPORTIONAL, "{{groupname}}"),),
            Kind.STACK,
        ),
        Panel(
            "Read from disk",
            Text("Bytes that each component reads.", "Bytes que lee cada componente."),
            "Bps",
            (Query(rate("read_bytes"), "{{groupname}}"),),
        ),
        Panel(
            "Written to disk",
            Text("Bytes that each component writes.", "Bytes que escribe cada componente."),
            "Bps",
            (Query(rate("write_bytes"), "{{groupname}}"),),
        ),
        Panel(
            "Open files and connections",
            Text(
                "File descriptors; a steady rise is a leak.",
                "Descriptores de archivo; una subida constante es una fuga.",
            ),
            "short",
            (Query(f"sum by (groupname) (namedprocess_namegroup_open_filedesc{{{_GROUPS}}})", "{{groupname}}"),),
        ),
        Panel(
            "Processes",
            Text("How many processes each component has.", "Cuántos procesos tiene cada componente."),
            "short",
            (Query(f"sum by (groupname) (namedprocess_namegroup_num_procs{{{_GROUPS}}})", "{{groupname}}"),),
        ),
    )


def _state() -> tuple[Panel, ...]:
    return (
        Panel(
            "Up and down",
            Text(
                "Each component as its own signal tells: 1 up, 0 down, a gap where it was not measured.",
                "Cada componente según su propia señal: 1 activo, 0 caído, un hueco si no se midió.",
            ),
            "none",
            (Query(f"max by (component) ({COMPONENT_UP})", "{{component}}"),),
            Kind.STATES,
            width=GRID_WIDTH,
            height=10,
        ),
        Panel(
            "Restarts",
            Text(
                "How often each component's oldest process was replaced in the shown time.",
                "Cuántas veces se sustituyó el proceso más antiguo de cada componente en el tiempo mostrado.",
            ),
            "short",
            (
                Query(
                    "sum by (groupname) (changes("
                    f"(namedprocess_namegroup_oldest_start_time_seconds{{{_GROUPS}}} > 0)[$__range:]))",
                    "{{groupname}}",
                ),
            ),
            Kind.BARS,
        ),
        Panel(
            "Running since",
            Text("Age of each component's oldest process.", "Edad del proceso más antiguo de cada componente."),
            "s",
            (
                Query(
                    f"time() - min by (groupname) (namedprocess_namegroup_oldest_start_time_seconds{{{_GROUPS}}} > 0)",
                    "{{groupname}}",
                ),
            ),
            Kind.BARS,
        ),
    )
