"""One home for the names and expressions that rules, dashboards and readings share.

Metric, job and label names are contracts with the exporters, with `prometheus/prometheus.yml` and with the desk's own
`/metrics`; nothing else in this room spells them twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sereno.core.units import parse_duration
from sereno.settings import Settings

JOBS = ("prometheus", "node-exporter", "webapp", "mysql", "nginx", "alertmanager", "blackbox", "process", "probes")
"""The scrape jobs of `prometheus/prometheus.yml`."""

HOST_JOB = 'job="node-exporter"'

THIS_HOST = 'job="node-exporter",instance="node-exporter"'
"""This machine's own Node Exporter; further machines are scraped by the same job, under their own names."""

WATCHED = 'job="probes",source=~".+"'
"""The probes of services, of the settings file and of the desk; the desk's own two have no source."""

DESK_PROBE = 'probe_success{job="probes",instance="desk"}'
"""The desk as its readers meet it, through Nginx and TLS: 1 when it answers."""

COMPONENT_SIGNALS: Mapping[str, str] = {
    "mysql": 'mysql_up{job="mysql"}',
    "webapp": 'up{job="webapp",instance!="worker"}',
    "worker": 'up{job="webapp",instance="worker"}',
    "nginx": 'nginx_up{job="nginx"}',
    "prometheus": 'up{job="prometheus"}',
    "node-exporter": f"up{{{THIS_HOST}}}",
    "alertmanager": 'up{job="alertmanager"}',
    "grafana": 'clamp_max(namedprocess_namegroup_num_procs{job="process",groupname="grafana"}, 1)',
    "mysqld-exporter": 'up{job="mysql"}',
    "nginx-exporter": 'up{job="nginx"}',
    "blackbox-exporter": 'up{job="blackbox"}',
    "process-exporter": 'up{job="process"}',
}
"""Component → an expression that is 1 while it runs, 0 while it does not, and nothing while that is not measured.

The database and Nginx are seen through their exporters, so they are unknown, not down, while those are away.
"""

JOB_COMPONENTS: Mapping[str, str] = {
    "prometheus": "prometheus",
    "node-exporter": "node-exporter",
    "webapp": "webapp",
    "mysql": "mysqld-exporter",
    "nginx": "nginx-exporter",
    "alertmanager": "alertmanager",
    "blackbox": "blackbox-exporter",
    "process": "process-exporter",
}
"""Job → the component whose own endpoint it scrapes (`probes` scrapes through blackbox-exporter and is none)."""

_ANSWERED = f"probe_success{{{WATCHED}}}"

PROBE_FAILED_TWICE = f"{_ANSWERED} == 0\nand idelta({_ANSWERED}[5m]) == 0"
"""The last two samples, however far apart, are failures: `idelta` is the last sample less the one before."""

PROBE_UP = (
    f"min by (component) (label_replace({_ANSWERED} - clamp_max(idelta({_ANSWERED}[5m]), 0) or {_ANSWERED}, "
    '"component", "$1", "instance", "(.+)"))'
)
"""By the probe's name as `component`: 0 after two failures in a row (or when there never was another answer), else 1.

One failure after a success makes `idelta` -1, which is added back."""

COMPONENT_UP = "component:up"
LAST_UP = "component:last_up:timestamp"
LAST_DOWN = "component:last_down:timestamp"
FIRST_SEEN = "component:first_seen:timestamp"
"""The recorded series that remember each component's state (`rules/readings.py`)."""

DESK_REQUESTS = "sereno_http_requests_total"
"""Counter by route, method and status."""

DESK_DURATION = "sereno_http_request_duration_seconds"
"""Histogram by route and method."""

DESK_POOL = "sereno_database_pool_connections"
"""Gauge by state: `in_use`, `idle`, and `limit` (the most that may be open)."""

DESK_QUERY_DURATION = "sereno_database_query_duration_seconds"
"""Histogram."""

DESK_JOB_DURATION = "sereno_worker_job_duration_seconds"
DESK_JOB_SUCCESS = "sereno_worker_job_last_success_timestamp_seconds"
DESK_JOB_INTERVAL = "sereno_worker_job_interval_seconds"
"""Of each of the worker's jobs, by `task`: a label `job` would collide with Prometheus's own."""

INCIDENTS_OPEN = "sereno_incidents_open"
"""Gauge of the incidents that are not over, by `severity` (critical, warning, other, info) and `state`."""

INCIDENTS_BEGUN = "sereno_incidents_begun_30d"
INCIDENTS_FLAPPING = "sereno_incidents_flapping_30d"
INCIDENTS_UNATTENDED = "sereno_incidents_unattended_share_30d"
"""Gauges over the incidents that began in the last 30 days; the share is of those resolved."""

INCIDENT_DETECT = "sereno_incident_detect_seconds"
INCIDENT_ACKNOWLEDGE = "sereno_incident_acknowledge_seconds"
INCIDENT_RESOLVE = "sereno_incident_resolve_seconds"
"""Gauges over the same, by `statistic` (mean, median, p90): the mean of the latter two are MTTA and MTTR."""

PROCESS_STARTS = 'max by (groupname) (namedprocess_namegroup_oldest_start_time_seconds{job="process"} > 0)'
"""When each component's oldest process started, in Unix seconds; nothing for one that does not run."""

SERVICE_REQUESTS = "sereno_service_requests_total"
"""Counter of the requests to each service of the user's own, by `service` and class of answer (`code`: 2xx to 5xx)."""

SERVICE_DURATION = "sereno_service_request_seconds"
"""Histogram, by `service`: until it began to answer."""

CERTIFICATE_SERVED = "sereno_certificate_served"
"""1 when Nginx shows the certificate that lies on the disk, 0 when another; no number while it shows none."""

CERTIFICATE_FAILURES = "sereno_certificate_renewal_failures"
"""How many tries to renew it have failed in a row."""

CERTIFICATE_BEGINS = "sereno_certificate_not_before_timestamp_seconds"
CERTIFICATE_ENDS = "sereno_certificate_not_after_timestamp_seconds"
"""The dates of the one on the disk."""

CERTIFICATE_PLANNED = "sereno_certificate_renewal_planned_timestamp_seconds"
"""When the next try is due; 0 where it is not renewed here."""

VISITS = 'job="webapp",route!~"/metrics|/healthz|/readyz|/api/v1/targets"'
"""Matchers that leave the requests of people and programs, without those of the watch itself."""

NOT_REAL_FILESYSTEMS = (
    # Memory, layers over other file systems, and images that are full by nature.
    "tmpfs|ramfs|devtmpfs|efivarfs|overlay|squashfs|erofs|cramfs|iso9660|udf"
    # Folders of another machine, shared into this one: their space is that machine's affair.
    "|9p|virtiofs|vboxsf|fuse[.].+"
)
"""A regular expression of the kinds of file system that cannot run full on this machine.

The kernel's own views (proc, sysfs …) need no mention: they have no size, and a share of nothing is no number.
"""

REAL_FILESYSTEM = f'fstype!="",fstype!~"{NOT_REAL_FILESYSTEMS}"'
"""Label matchers that leave the file systems whose free space matters."""

LEAST_RATE_WINDOW = timedelta(minutes=1)


def rate_window(settings: Settings) -> timedelta:
    """The range for rates: one minute, as the seed has it, or four scrapes where they take longer.

    Prometheus 3 leaves out a range's left edge, so a window of fewer than four scrapes may hold too few samples.
    """
    return max(LEAST_RATE_WINDOW, 4 * parse_duration(settings.prometheus.scrape_interval))


def duration(length: timedelta) -> str:
    """Write a length as Prometheus does, in whole seconds and the largest unit that divides it (`90s`, `2m`, `6h`)."""
    seconds = round(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def cpu_percent(window: str) -> str:
    """How busy each machine's processors are, in percent (the seed's expression)."""
    return f'100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle"}}[{window}])))'


MEMORY_AVAILABLE_PERCENT = "100 * node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
"""How much of each machine's memory programs can still have, in percent."""

DISK_FREE_PERCENT = f"100 * node_filesystem_avail_bytes{{{REAL_FILESYSTEM}}} / node_filesystem_size_bytes"
"""How much of each real file system programs can still fill, in percent."""

WRITABLE = "node_filesystem_readonly == 0"
"""A filter for file systems that can be written: a read-only one cannot run full."""


def component_of(labels: Mapping[str, str]) -> str | None:
    """The component that an alert with these labels is about, or None when it is about the machine or a probe."""
    if "component" in labels:
        return labels["component"]
    job = labels.get("job", "")
    if job == "webapp" and labels.get("instance") == "worker":
        return "worker"
    if job == "node-exporter" and (labels.get("alertname") != "InstanceDown" or labels.get("instance", job) != job):
        return None
    return JOB_COMPONENTS.get(job)


TEST_ALERT = "SerenoDoctor"
"""What `./sereno doctor --live` sends all the way through; a test is no trouble, so figures leave it out."""
