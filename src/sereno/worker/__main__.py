"""The desk's clock: `python -m sereno.worker`.

Two lanes, each a thread with its own clock, so that a database that hangs cannot delay the copies of the status page.
Jobs of the database lane run under a lock that is asked for again before each: of several workers one does the work.

SERENO_BIND            host:port for /metrics and /healthz (127.0.0.1:5001)
SERENO_ACCESS_SOCKET   where Nginx tells of each request to a service of the user's own; empty: they are not counted
"""

from __future__ import annotations

import logging
import os
import signal
import time
from threading import Event, Thread

# The folder is for the webapp's many processes; this one counts in its memory. Before prometheus_client is imported.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from sereno.core.errors import SerenoError
from sereno.database.locks import KeptLock
from sereno.outside.logs import configure_logging
from sereno.wiring import Surroundings, open_database
from sereno.worker.certificates import certificate_jobs
from sereno.worker.clock import Clock
from sereno.worker.counting import Counting, serve
from sereno.worker.jobs import jobs_with_database, jobs_without_database, schema_is_ready
from sereno.worker.requests import count_services

HANGING_SECONDS = 180
"""No job may take that long: the longest waits for a neighbour add up to well under a minute."""

STOP_SECONDS = 8
"""Within the ten seconds that the platform gives; a job that is cut off leaves a transaction that is rolled back."""

_log = logging.getLogger("sereno.worker")


def main() -> int:
    """Run until SIGTERM or SIGINT; answers the exit code."""
    configure_logging("worker")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        surroundings = Surroundings.from_environment(os.environ)
        database = open_database(surroundings, pool_size=2)
    except SerenoError as error:
        _log.error("%s; %s", error.message, error.next_step)
        return 2

    free_jobs = [*jobs_without_database(surroundings), *certificate_jobs(surroundings, os.environ)]
    locked_jobs = jobs_with_database(surroundings, database)
    counting = Counting([*free_jobs, *locked_jobs])
    lock = KeptLock(database.engine, "worker")
    is_ready = schema_is_ready(database)
    lanes = [
        Clock(free_jobs, stop, counting),
        Clock(locked_jobs, stop, counting, is_allowed=lambda: is_ready() and lock.is_ours()),
    ]

    def is_healthy() -> bool:
        return all(time.monotonic() - lane.ticked_at < HANGING_SECONDS for lane in lanes)

    bind = os.environ.get("SERENO_BIND", "127.0.0.1:5001")
    try:
        server = serve(bind, is_healthy)
    except OSError as error:
        _log.error("cannot listen on %s: %s; ./sereno doctor says who does", bind, error.strerror)
        return 1
    services = [service.name for service in surroundings.settings.services]
    access_log = count_services(services, os.environ.get("SERENO_ACCESS_SOCKET", ""))
    threads = [Thread(target=lane.run, name=f"lane {number}", daemon=True) for number, lane in enumerate(lanes)]
    for thread in threads:
        thread.start()
    _log.info("the clock runs", extra={"jobs": [job.name for lane in lanes for job in lane.jobs]})
    stop.wait()
    server.shutdown()
    if access_log is not None:
        access_log.close()
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    lock.close()
    _log.info("the clock has stopped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
