"""What a component is: a value that says everything a platform needs to run it, and nothing about how.

A new component is one module in `sereno.serve.catalogue`; a new platform is one module in
`sereno.serve.platforms`; neither edits the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sereno.core.text import Text
from sereno.serve.place import Place


@dataclass(frozen=True, slots=True)
class HttpHealth:
    """Healthy when a GET of `path` on the component's port answers 200."""

    path: str
    tls: bool = False
    command: tuple[str, ...] = ()
    """How its container asks by itself; empty where the image has no shell and Prometheus's `up` must do."""
    ready_path: str = ""
    """Where it says, in JSON's `status` and `detail`, whether it can also do its work; empty: being healthy will do."""


@dataclass(frozen=True, slots=True)
class CommandHealth:
    """Healthy when the command, built for the place, ends with 0."""

    argv: Callable[[Place], list[str]]


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    """Where Prometheus scrapes the component, and under which job name."""

    job: str
    path: str = "/metrics"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A configuration file in its component's own format, made from `template` (Jinja2).

    `name` is its path below the component's folder of configuration natively (None: Compose only);
    `repository_path` is where the Compose version is checked in (None: native only).
    """

    template: str
    name: str | None
    repository_path: str | None = None


@dataclass(frozen=True, slots=True)
class NativeProgram:
    """How the component runs as a process of this machine.

    `package` and `units` are the Debian package and the systemd units that it would start by itself. `check` is a
    command that ends with 0 when the configuration is right. A component with a `reload_signal` takes over changed
    files at that signal, without a pause; any other is restarted. `reload_metric` is the metric that tells when it
    last did so; empty where new processes show it. `version_flag` makes it say its version; empty: it is our own.
    """

    program: str
    package: str | None
    argv: Callable[[Place], list[str]]
    units: tuple[str, ...] = ()
    environment: Callable[[Place], dict[str, str]] = field(default=lambda place: {})
    stop_signal: Literal["TERM", "QUIT", "INT"] = "TERM"
    stop_seconds: int = 10
    check: Callable[[Place], list[str]] | None = None
    reload_signal: Literal["", "HUP"] = ""
    reload_metric: str = ""
    version_flag: str = "--version"
    low_ports: bool = False
    """Whether it may listen on ports that the system keeps for root (80, 443)."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the running system. Memory is in MB (idle PSS and hard limit)."""

    name: str
    title: Text
    image: str
    port: int
    idle_mb: int
    limit_mb: int
    health: HttpHealth | CommandHealth
    native: NativeProgram
    compose: Callable[[Place], Mapping[str, Any]]
    """The component's own keys of its Compose service; the platform adds what all services share."""
    container_processes: str = ""
    """A pattern (RE2) of its processes' command line in its container, by which they are told from others of the
    machine; empty: the image's program followed by the words of `command`."""
    metrics: MetricsEndpoint | None = None
    needs: tuple[str, ...] = ()
    """Components that have to be healthy before this one starts; what only asks others again and again needs none."""
    files: tuple[RenderedFile, ...] = ()
    cpus: float = 0.5
    optional: bool = False
    """Everything else runs without it (Grafana natively)."""
