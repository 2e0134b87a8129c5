"""Counts the requests to the user's own services, as Nginx tells of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from threading import Thread

from prometheus_client import Counter, Histogram

from sereno.outside.access_log import AccessLog
from sereno.watch.access import CODES, read_request
from sereno.watch.conventions import SERVICE_DURATION, SERVICE_REQUESTS
from sereno.worker.counting import OWN

REQUESTS = Counter(
    SERVICE_REQUESTS.removesuffix("_total"),
    "Requests to each service of the user's own that Nginx has answered, by class of status.",
    ["service", "code"],
    registry=OWN,
)
SECONDS = Histogram(
    SERVICE_DURATION,
    "How long each service took until it began to answer.",
    ["service"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=OWN,
)

_log = logging.getLogger(__name__)


class ServiceCounting:
    """Counts for the services it is made with and no others, so that nobody can make series by sending names."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(services)
        for service in self._services:
            SECONDS.labels(service=service)
            for code in CODES:
                # From zero on, or the first failure would be no increase.
                REQUESTS.labels(service=service, code=code)

    def count(self, lines: Iterable[str]) -> None:
        """Count each line until there are no more."""
        for line in lines:
            request = read_request(line)
            if request is None or request.service not in self._services:
                continue
            REQUESTS.labels(service=request.service, code=request.code).inc()
            if request.seconds is not None:
                SECONDS.labels(service=request.service).observe(request.seconds)


def count_services(services: Iterable[str], file: str) -> AccessLog | None:
    """Count in a thread what comes to the socket `file`; None when there is nothing to count or no socket to be had."""
    names = list(services)
    if not names or not file:
        return None
    try:
        access_log = AccessLog(Path(file))
    except OSError as error:
        _log.error("requests to services are not counted: %s: %s", file, error.strerror or error)
        return None
    counting = ServiceCounting(names)
    Thread(target=counting.count, args=(access_log.lines(),), name="access log", daemon=True).start()
    return access_log
