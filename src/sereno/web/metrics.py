"""What the desk counts of itself, and `/metrics`, right however many processes answer.

With `PROMETHEUS_MULTIPROC_DIR` set, each process keeps its numbers in files there and any of them answers for all.
Nginx refuses `/metrics` from outside; Prometheus asks the desk directly.
"""

from __future__ import annotations

import os
import time

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as render
from prometheus_client.multiprocess import MultiProcessCollector

from sereno import __version__
from sereno.database.observe import observe
from sereno.web.auth import public
from sereno.web.desk import Desk

REQUESTS = Counter(
    "sereno_http_requests", "Requests answered, by route, method and status.", ["route", "method", "status"]
)
REQUEST_SECONDS = Histogram(
    "sereno_http_request_duration_seconds",
    "How long answers took.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
POOL = Gauge(
    "sereno_database_pool_connections",
    "Connections to the database: in_use, idle, and limit, the most that may be open.",
    ["state"],
    multiprocess_mode="livesum",
)
QUERY_SECONDS = Histogram(
    "sereno_database_query_duration_seconds",
    "How long statements took.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
)
BUILD = Gauge("sereno_build_info", "1, labelled with the version that runs.", ["version"], multiprocess_mode="max")
ALERTS_RECEIVED = Counter("sereno_alerts_received", "Alerts that Alertmanager delivered and the desk has stored.")

UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Anyone can invent a method or an address; each label value would be a series for ever."""

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Everything counted, by all processes together."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(render(registry), content_type=CONTENT_TYPE_LATEST)


def init_app(app: Flask) -> None:
    """Count every answer, every statement and every connection."""
    BUILD.labels(version=__version__).set(1)
    own: Desk = app.extensions["sereno"]
    observe(own.database.engine, on_query=QUERY_SECONDS.observe, on_pool=_note_pool)
    app.before_request(_begin)
    app.after_request(_count)


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule is not None else UNMATCHED
    method = request.method if request.method in METHODS else "OTHER"
    REQUESTS.labels(route=route, method=method, status=str(response.status_code)).inc()
    if "began" in g:
        REQUEST_SECONDS.labels(route=route, method=method).observe(time.perf_counter() - g.began)
    return response


def _note_pool(in_use: int, idle: int, limit: int) -> None:
    POOL.labels(state="in_use").set(in_use)
    POOL.labels(state="idle").set(idle)
    POOL.labels(state="limit").set(limit)
