"""What the worker counts of itself, and the small server that tells it: `/metrics` and `/healthz`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from sereno import __version__
from sereno.worker.clock import Job, Observer

OWN = CollectorRegistry()
"""The worker's own: names that the webapp counts under too (the build) must not meet in one registry."""
ProcessCollector(registry=OWN)
PlatformCollector(registry=OWN)
GCCollector(registry=OWN)

JOB_SECONDS = Histogram(
    "sereno_worker_job_duration_seconds",
    "How long each of the worker's jobs took, whether it succeeded or not.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60),
    registry=OWN,
)
LAST_SUCCESS = Gauge(
    "sereno_worker_job_last_success_timestamp_seconds",
    "When each job last succeeded, in Unix seconds.",
    ["task"],
    registry=OWN,
)
INTERVAL = Gauge("sereno_worker_job_interval_seconds", "How often each job is due.", ["task"], registry=OWN)
BUILD = Gauge("sereno_build_info", "1, labelled with the version that runs.", ["version"], registry=OWN)


class Counting(Observer):
    """Counts runs; the label is `task`, since `job` is Prometheus's own."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        BUILD.labels(version=__version__).set(1)
        for job in jobs:
            INTERVAL.labels(task=job.name).set(job.every_seconds)
            JOB_SECONDS.labels(task=job.name)

    def done(self, job: Job, seconds: float) -> None:
        """Count the run and note the time."""
        JOB_SECONDS.labels(task=job.name).observe(seconds)
        LAST_SUCCESS.labels(task=job.name).set_to_current_time()

    def failed(self, job: Job, seconds: float) -> None:
        """Count the run; the time of the last success stays, so that its age tells."""
        JOB_SECONDS.labels(task=job.name).observe(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without the standard library's look-up of this machine's full name, which may wait for a dead name server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def serve(bind: str, is_healthy: Callable[[], bool]) -> ThreadingHTTPServer:
    """Answer on `bind` (host:port) from a thread; `shutdown` ends it. Raises OSError when the port is taken."""
    host, _, port = bind.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        server_version = "sereno-worker"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(OWN))
            elif self.path == "/healthz":
                alive = is_healthy()
                words = {"status": "alive" if alive else "a job hangs"}
                self._answer(200 if alive else 503, "application/json", json.dumps(words).encode())
            else:
                self._answer(404, "text/plain; charset=utf-8", b"only /metrics and /healthz\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Scrapes are no news."""

    server = _Server((host, int(port)), Handler)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
