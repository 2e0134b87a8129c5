"""Prometheus as a neighbour: its HTTP API (version 1, the same in Prometheus 2.42 and 3.x) as typed values.

Every method raises `Unavailable` when Prometheus does not answer, refuses, or answers in another shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sereno.core.clock import parse_rfc3339
from sereno.core.errors import Unavailable
from sereno.outside.http import JsonClient


@dataclass(frozen=True, slots=True)
class InstantSeries:
    """One series of an instant query; `at` is the moment asked for, in Unix seconds; `value` may be NaN or infinite."""

    labels: Mapping[str, str]
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class RangeSeries:
    """One series of a range query: Unix seconds → value. Moments without a value are missing."""

    labels: Mapping[str, str]
    points: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class PrometheusAlert:
    """An alert as Prometheus evaluates it; `state` is `pending` or `firing`."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    active_at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Target:
    """A scrape target; `health` is `up`, `down` or `unknown` (not scraped yet, and then `last_scrape` is None)."""

    job: str
    instance: str
    health: str
    scrape_url: str
    last_scrape: datetime | None
    last_error: str


class PrometheusClient:
    """Questions to one Prometheus. Thread-safe; build it after forking."""

    def __init__(self, base_url: str, *, timeout_seconds: float = 2.0) -> None:
        self._http = JsonClient("prometheus", base_url, timeout_seconds=timeout_seconds)

    def instant(self, query: str, *, at: datetime | None = None) -> list[InstantSeries]:
        """The series that `query` has at `at` (None: now); a scalar comes as one series without labels."""
        fields = {"query": query} | ({"time": f"{at.timestamp():.3f}"} if at else {})
        data = self._data("/api/v1/query", fields)
        with _shape("query"):
            if data["resultType"] == "scalar":
                return [InstantSeries({}, float(data["result"][0]), float(data["result"][1]))]
            return [
                InstantSeries(series["metric"], float(series["value"][0]), float(series["value"][1]))
                for series in data["result"]
            ]

    def range(self, query: str, *, start: datetime, end: datetime, step: timedelta) -> list[RangeSeries]:
        """The series of `query` at `start`, `start + step` … up to and including `end`."""
        fields = {
            "query": query,
            "start": f"{start.timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": f"{step.total_seconds():g}",
        }
        data = self._data("/api/v1/query_range", fields)
        with _shape("query_range"):
            return [
                RangeSeries(series["metric"], {float(at): float(value) for at, value in series["values"]})
                for series in data["result"]
            ]

    def alerts(self) -> list[PrometheusAlert]:
        """Every alert that is pending or firing now."""
        data = self._data("/api/v1/alerts")
        with _shape("alerts"):
            return [
                PrometheusAlert(
                    labels=alert["labels"],
                    annotations=alert["annotations"],
                    state=alert["state"],
                    active_at=parse_rfc3339(alert["activeAt"]),
                    value=float(alert["value"]),
                )
                for alert in data["alerts"]
            ]

    def targets(self) -> list[Target]:
        """Every target that Prometheus scrapes, in the order of job and instance."""
        data = self._data("/api/v1/targets", {"state": "active"})
        with _shape("targets"):
            targets = [_target(entry) for entry in data["activeTargets"]]
        return sorted(targets, key=lambda target: (target.job, target.instance))

    def version(self) -> str:
        """The version of the running Prometheus, such as `2.42.0+ds` or `3.13.4`."""
        data = self._data("/api/v1/status/buildinfo")
        with _shape("buildinfo"):
            return str(data["version"])

    def _data(self, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """The `data` of an answer whose status is success."""
        answer = self._http.get(path, fields)
        with _shape(path):
            if answer["status"] != "success":
                raise Unavailable(f"prometheus refused {path}: {answer.get('error', 'no reason given')}")
            return answer["data"]


@contextmanager
def _shape(what: str) -> Iterator[None]:
    """Turns an answer of an unexpected shape into Unavailable: something else listens on Prometheus's port."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Unavailable(
            f"the answer of prometheus to {what} is not what its API promises",
            next_step="look with ./sereno doctor whether another program listens on Prometheus's port",
        ) from error


def _target(entry: Mapping[str, Any]) -> Target:
    last_scrape = parse_rfc3339(entry["lastScrape"])
    return Target(
        job=entry["labels"]["job"],
        instance=entry["labels"]["instance"],
        health=entry["health"],
        scrape_url=entry["scrapeUrl"],
        # Go writes the year 1 for "never".
        last_scrape=last_scrape if last_scrape.year > 1 else None,
        last_error=entry["lastError"],
    )
