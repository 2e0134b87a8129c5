"""The questions that watch asks Prometheus, as text.

Several questions go in one request: each series of the answer carries the label `reading`, which says to which
question it belongs. One request for the whole page costs a fraction of a dozen small ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sereno.watch.conventions import (
    COMPONENT_SIGNALS,
    COMPONENT_UP,
    DESK_PROBE,
    FIRST_SEEN,
    HOST_JOB,
    LAST_DOWN,
    LAST_UP,
    PROBE_UP,
    REAL_FILESYSTEM,
    THIS_HOST,
    cpu_percent,
)


def overview(window: str) -> str:
    """Hosts, components and the last scrape; `window` is the range of rates."""
    return together(
        {
            "cpu": cpu_percent(window),
            "memory_available": "node_memory_MemAvailable_bytes",
            "memory_total": "node_memory_MemTotal_bytes",
            "load": 'node_load1 / on (instance) count by (instance) (node_cpu_seconds_total{mode="idle"})',
            "disk_free": f"node_filesystem_avail_bytes{{{REAL_FILESYSTEM}}}",
            "disk_size": f"node_filesystem_size_bytes{{{REAL_FILESYSTEM}}}",
            "host": "node_uname_info",
            "scraped": f"timestamp(node_memory_MemTotal_bytes{{{HOST_JOB}}})",
            "state": component_states(),
            "last_up": LAST_UP,
            "last_down": LAST_DOWN,
            "first_seen": FIRST_SEEN,
            "last_scrape": "max(timestamp(up))",
        }
    )


def component_states() -> str:
    """One series per component and probe, labelled `component`: 1 when every instance of it is up, else 0."""
    components = (
        f'label_replace(min({signal}), "component", "{component}", "", "")'
        for component, signal in COMPONENT_SIGNALS.items()
    )
    return _union([*components, PROBE_UP])


def up_shares(window: str) -> str:
    """In which share of the range `window` each component and probe was up, 0 to 1; nothing where none was measured.

    The desk is judged as its readers meet it, by its own probe through Nginx, and not by whether its process runs.
    """
    desk = f'label_replace(avg_over_time({DESK_PROBE}[{window}]), "component", "webapp", "", "")'
    return _union([f'avg by (component) (avg_over_time({COMPONENT_UP}{{component!="webapp"}}[{window}]))', desk])


def history(window: str) -> str:
    """The charts' lines; `window` is the range that each point stands for, at least the chart's step."""
    available = f"min_over_time(node_memory_MemAvailable_bytes[{window}])"
    free = f"min_over_time(node_filesystem_avail_bytes{{{REAL_FILESYSTEM}}}[{window}])"
    return together(
        {
            "cpu": cpu_percent(window),
            "memory": f"100 * {available} / node_memory_MemTotal_bytes",
            "disk": f"100 * {free} / node_filesystem_size_bytes",
        }
    )


def consumers(window: str) -> str:
    """What each process group takes; `window` is the range of the processor rate."""
    memory = 'namedprocess_namegroup_memory_bytes{job="process",memtype="%s"}'
    busy = f'rate(namedprocess_namegroup_cpu_seconds_total{{job="process"}}[{window}])'
    return together(
        {
            "cores": f"sum by (groupname) ({busy})",
            "pss": f"sum by (groupname) ({memory % 'proportionalResident'})",
            "rss": f"sum by (groupname) ({memory % 'resident'})",
            "processes": 'sum by (groupname) (namedprocess_namegroup_num_procs{job="process"})',
            "machine_cores": f'count(node_cpu_seconds_total{{{THIS_HOST},mode="idle"}})',
        }
    )


def together(questions: Mapping[str, str]) -> str:
    """One question for all of `questions`: each series of the answer has the label `reading`, the question's name."""
    return _union(f'label_replace({question}, "reading", "{name}", "", "")' for name, question in questions.items())


def _union(expressions: Iterable[str]) -> str:
    return "\nor ".join(expressions)
