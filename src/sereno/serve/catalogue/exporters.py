"""The exporters: each turns what one neighbour knows of itself into numbers for Prometheus."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.serve.allocator import go_runtime
from sereno.serve.component import Component, HttpHealth, MetricsEndpoint, NativeProgram, RenderedFile
from sereno.serve.compose_parts import (
    NODE_EXPORTER_INNER_PORT,
    OPERATOR_BIND,
    OPS_GATEWAY,
    PROBES_VOLUME_READ_ONLY,
    SECRETS_VOLUME,
    wget,
)
from sereno.serve.place import Place

_VIRTUAL_FILE_SYSTEMS = (
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|fuse.lxcfs|hugetlbfs|iso9660|"
    "mqueue|nsfs|overlay|proc|procfs|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs)$"
)
MYSQLD_EXPORTER_USER = 10104
"""Its own user id, so that nobody else's container can read its password."""

_MOUNT_POINTS_OF_OTHERS = "^/(dev|proc|run|sys|var/lib/docker/.+|var/lib/containers/.+)($|/)"


def _node_flags(place: Place) -> list[str]:
    return [
        f"--collector.filesystem.fs-types-exclude={_VIRTUAL_FILE_SYSTEMS}".replace("$", "$" if place.native else "$$"),
        f"--collector.filesystem.mount-points-exclude={_MOUNT_POINTS_OF_OTHERS}".replace(
            "$", "$" if place.native else "$$"
        ),
        "--no-collector.wifi",
        "--no-collector.zfs",
        "--no-collector.infiniband",
        "--collector.processes",
    ]


NODE_EXPORTER = Component(
    name="node-exporter",
    title=Text("Machine", "Máquina"),
    image="prom/node-exporter:v1.12.1",
    port=9100,
    idle_mb=18,
    limit_mb=40,
    health=HttpHealth("/", command=wget(NODE_EXPORTER_INNER_PORT, "/", host=OPS_GATEWAY)),
    native=NativeProgram(
        program="prometheus-node-exporter",
        package="prometheus-node-exporter",
        units=("prometheus-node-exporter.service",),
        argv=lambda place: [
            "/usr/bin/prometheus-node-exporter",
            f"--web.listen-address=127.0.0.1:{place.ports['node-exporter']}",
            # On in Debian's package alone: a series for each unit of the machine, none of which is looked at here.
            "--no-collector.systemd",
            *_node_flags(place),
        ],
        environment=lambda place: go_runtime(32, one_thread=True),
    ),
    compose=lambda place: {
        "command": [
            "--path.rootfs=/host",
            "--path.procfs=/host/proc",
            "--path.sysfs=/host/sys",
            f"--web.listen-address={OPERATOR_BIND}:9100",
            # Prometheus asks from the bridge; the host's loopback is out of its reach.
            f"--web.listen-address={OPS_GATEWAY}:{NODE_EXPORTER_INNER_PORT}",
            *_node_flags(place),
        ],
        "user": "65534:65534",
        "environment": go_runtime(32, one_thread=True),
        "network_mode": "host",
        "pid": "host",
        "volumes": ["${SERENO_HOST_ROOT:-/:/host:ro,rslave}"],
    },
    metrics=MetricsEndpoint("node-exporter"),
)

MYSQLD_EXPORTER = Component(
    name="mysqld-exporter",
    title=Text("Database measurements", "Mediciones de la base de datos"),
    image="prom/mysqld-exporter:v0.18.0",
    port=9104,
    idle_mb=15,
    limit_mb=40,
    health=HttpHealth("/", command=wget(9104, "/")),
    native=NativeProgram(
        program="prometheus-mysqld-exporter",
        package="prometheus-mysqld-exporter",
        units=("prometheus-mysqld-exporter.service",),
        argv=lambda place: [
            "/usr/bin/prometheus-mysqld-exporter",
            f"--config.my-cnf={place.secret('mysqld-exporter.cnf', 'mysqld-exporter')}",
            f"--web.listen-address=127.0.0.1:{place.ports['mysqld-exporter']}",
            "--no-collect.slave_status",
            # Deadlocks and old row versions, which MySQL tells here alone.
            "--collect.info_schema.innodb_metrics",
        ],
        environment=lambda place: go_runtime(32, one_thread=True),
    ),
    compose=lambda place: {
        "command": [
            f"--config.my-cnf={place.secret('mysqld-exporter.cnf', 'mysqld-exporter')}",
            "--no-collect.slave_status",
            "--collect.info_schema.innodb_metrics",
        ],
        "user": f"{MYSQLD_EXPORTER_USER}:{MYSQLD_EXPORTER_USER}",
        "environment": go_runtime(32, one_thread=True),
        "volumes": [SECRETS_VOLUME],
        "networks": ["inside"],
    },
    metrics=MetricsEndpoint("mysql"),
    needs=("mysql",),
)

NGINX_EXPORTER = Component(
    name="nginx-exporter",
    title=Text("Web server measurements", "Mediciones del servidor web"),
    image="nginx/nginx-prometheus-exporter:1.5.3",
    port=9113,
    idle_mb=12,
    limit_mb=32,
    # Its image has no shell to ask with: in its container Prometheus's `up` says whether it is healthy.
    health=HttpHealth("/metrics"),
    native=NativeProgram(
        program="prometheus-nginx-exporter",
        package="prometheus-nginx-exporter",
        units=("prometheus-nginx-exporter.service",),
        argv=lambda place: [
            "/usr/bin/prometheus-nginx-exporter",
            f"--nginx.scrape-uri=http://{place.address('nginx-status')}/stub_status",
            f"--web.listen-address=127.0.0.1:{place.ports['nginx-exporter']}",
        ],
        environment=lambda place: go_runtime(24, one_thread=True),
    ),
    compose=lambda place: {
        "command": [f"--nginx.scrape-uri=http://{place.address('nginx-status')}/stub_status"],
        "user": "65534:65534",
        "environment": go_runtime(24, one_thread=True),
        "networks": ["inside"],
    },
    metrics=MetricsEndpoint("nginx"),
)

BLACKBOX_EXPORTER = Component(
    name="blackbox-exporter",
    title=Text("Probes from outside in", "Sondas desde fuera"),
    image="prom/blackbox-exporter:v0.28.0",
    port=9115,
    idle_mb=15,
    limit_mb=40,
    health=HttpHealth("/-/healthy", command=wget(9115, "/-/healthy")),
    native=NativeProgram(
        program="prometheus-blackbox-exporter",
        package="prometheus-blackbox-exporter",
        units=("prometheus-blackbox-exporter.service",),
        argv=lambda place: [
            "/usr/bin/prometheus-blackbox-exporter",
            f"--config.file={place.probes / 'blackbox.yml'}",
            f"--web.listen-address=127.0.0.1:{place.ports['blackbox-exporter']}",
        ],
        environment=lambda place: go_runtime(32, one_thread=True),
        check=lambda place: [
            "/usr/bin/prometheus-blackbox-exporter",
            f"--config.file={place.probes / 'blackbox.yml'}",
            "--config.check",
        ],
        reload_signal="HUP",
        reload_metric="blackbox_exporter_config_last_reload_success_timestamp_seconds",
    ),
    compose=lambda place: {
        "command": [f"--config.file={place.probes / 'blackbox.yml'}"],
        "user": "65534:65534",
        "environment": go_runtime(32, one_thread=True),
        "volumes": [PROBES_VOLUME_READ_ONLY],
        "networks": ["inside", "ops"],
    },
    metrics=MetricsEndpoint("blackbox"),
)

# Without -recheck, a process that is first seen before its exec, as its starter's, is never named.
PROCESS_EXPORTER = Component(
    name="process-exporter",
    title=Text("Process measurements", "Mediciones de procesos"),
    image="ncabatoff/process-exporter:0.8.7",
    port=9256,
    idle_mb=15,
    limit_mb=40,
    # Its image has no shell to ask with, like the one before.
    # Its measurements read every process there is: asked for them twice a second, it never answers in time when busy.
    health=HttpHealth("/"),
    native=NativeProgram(
        program="prometheus-process-exporter",
        package="prometheus-process-exporter",
        units=("prometheus-process-exporter.service",),
        argv=lambda place: [
            "/usr/bin/prometheus-process-exporter",
            "-config.path",
            str(place.config("process-exporter", "process.yml")),
            "-web.listen-address",
            f"127.0.0.1:{place.ports['process-exporter']}",
            "-threads=false",
            "-recheck",
        ],
        environment=lambda place: go_runtime(32, one_thread=True),
    ),
    compose=lambda place: {
        "command": [
            "--procfs",
            "/host/proc",
            "-config.path",
            "/etc/process-exporter/process.yml",
            "-threads=false",
            "-recheck",
        ],
        "environment": go_runtime(32, one_thread=True),
        # Root without these two could not read what other users' processes read and write.
        "cap_add": ["DAC_READ_SEARCH", "SYS_PTRACE"],
        "pid": "host",
        "volumes": ["/proc:/host/proc:ro", "./process-exporter/process.yml:/etc/process-exporter/process.yml:ro"],
        "networks": ["inside"],
    },
    metrics=MetricsEndpoint("process"),
    files=(RenderedFile("process-exporter/process.yml.j2", "process.yml", "docker/process-exporter/process.yml"),),
)
