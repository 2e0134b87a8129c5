"""Gunicorn (gthread, preloaded) beside Granian (WSGI): the same application, pages and database, memory included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.equipment.desk_server import DeskServer, request
from tests.equipment.monitoring import free_port, wait_until

from bench.common import desk_with_everything, interleaved, print_table, pss_mb, settle, wrk

PAGES = {"status page": "/", "health": "/healthz", "sign-in page": "/login", "status.json": "/status.json"}


def granian(desk: DeskServer, port: int, folder: Path) -> subprocess.Popen[bytes]:
    """The same application under Granian with as many processes and threads."""
    environment = {**desk.environment(), "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    command += ["--blocking-threads", "8", "--no-access-log", "--log-level", "error", "sereno.web.server:app"]
    process = subprocess.Popen([sys.executable, "-m", "granian", *command], env=environment)
    wait_until("Granian answers", lambda: request("GET", f"http://127.0.0.1:{port}/readyz").status == 200, 30)
    return process


def main() -> None:
    """Print both tables."""
    with desk_with_everything() as desk:
        desk.start()
        port = free_port()
        other = granian(desk, port, desk.folder / "granian-metrics")
        try:
            settle(desk)
            time.sleep(3)
            servers = {
                "Gunicorn": (desk.url, desk.processes["webapp"].pid),
                "Granian": (f"http://127.0.0.1:{port}", other.pid),
            }
            idle = {name: pss_mb(pid) for name, (_, pid) in servers.items()}
            rows = []
            for title, path in PAGES.items():
                loads = interleaved(
                    {name: (lambda url=url, path=path: wrk(url + path)) for name, (url, _) in servers.items()}
                )
                first, second = loads["Gunicorn"], loads["Granian"]
                rows.append(
                    (
                        title,
                        f"{first.per_second:.0f}/s, p99 {first.p99_ms:.0f} ms, {first.failed} failed",
                        f"{second.per_second:.0f}/s, p99 {second.p99_ms:.0f} ms, {second.failed} failed",
                        f"{second.per_second / first.per_second:.2f}",
                    )
                )
            after = {name: pss_mb(pid) for name, (_, pid) in servers.items()}
            for title, memory in (("memory (PSS), idle", idle), ("memory (PSS), after the load", after)):
                ratio = memory["Granian"] / memory["Gunicorn"]
                rows.append((title, f"{memory['Gunicorn']:.0f} MB", f"{memory['Granian']:.0f} MB", f"{ratio:.2f}"))
        finally:
            other.terminate()
            other.wait(15)
    print(f"{os.cpu_count()} cores; the load generator runs on the same ones\n")
    print_table(("", "Gunicorn 2x8", "Granian 2x8", "Granian / Gunicorn"), rows)


if __name__ == "__main__":
    main()
