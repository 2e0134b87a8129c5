from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sereno.core.errors import Unavailable
from sereno.outside.http import JsonClient
from sereno.outside.prometheus import InstantSeries, PrometheusClient, RangeSeries

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Wire:
    """Replaces the one network call and remembers what was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
        self.path = ""
        self.fields: Mapping[str, str] = {}

        def get(client: JsonClient, path: str, fields: Mapping[str, str] | None = None) -> Any:
            self.path, self.fields = path, fields or {}
            return answer

        monkeypatch.setattr(JsonClient, "get", get)
        self.client = PrometheusClient("http://127.0.0.1:1")


def success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}


def test_an_instant_query_gives_labels_and_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    result = [{"metric": {"job": "a"}, "value": [5.5, "1"]}, {"metric": {}, "value": [5.5, "+Inf"]}]
    wire = Wire(monkeypatch, success({"resultType": "vector", "result": result}))
    assert wire.client.instant("up", at=NOON) == [
        InstantSeries({"job": "a"}, 5.5, 1.0),
        InstantSeries({}, 5.5, float("inf")),
    ]
    assert (wire.path, wire.fields) == ("/api/v1/query", {"query": "up", "time": f"{NOON.timestamp():.3f}"})


def test_a_scalar_is_one_series_without_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, success({"resultType": "scalar", "result": [5, "2"]}))
    assert wire.client.instant("2") == [InstantSeries({}, 5.0, 2.0)]


def test_a_range_query_gives_points_by_second(monkeypatch: pytest.MonkeyPatch) -> None:
    result = [{"metric": {"job": "a"}, "values": [[0, "1"], [30, "2"]]}]
    wire = Wire(monkeypatch, success({"resultType": "matrix", "result": result}))
    series = wire.client.range("up", start=NOON, end=NOON + timedelta(seconds=30), step=timedelta(seconds=30))
    assert series == [RangeSeries({"job": "a"}, {0.0: 1.0, 30.0: 2.0})]
    assert wire.fields["step"] == "30"


def test_alerts_carry_their_state_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    alert = {
        "labels": {"alertname": "A"},
        "annotations": {"summary": "s"},
        "state": "firing",
        "activeAt": "2026-11-24T12:00:00.123456789Z",
        "value": "1e+00",
    }
    (found,) = Wire(monkeypatch, success({"alerts": [alert]})).client.alerts()
    assert (found.state, found.value, found.active_at) == ("firing", 1.0, NOON.replace(microsecond=123456))


def test_a_target_that_was_never_scraped_has_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def target(job: str, last_scrape: str) -> dict[str, Any]:
        return {
            "labels": {"job": job, "instance": "x:1"},
            "health": "unknown",
            "scrapeUrl": "http://x:1/metrics",
            "lastScrape": last_scrape,
            "lastError": "",
        }

    wire = Wire(
        monkeypatch,
        success({"activeTargets": [target("b", "0001-01-01T00:00:00Z"), target("a", "2026-11-24T12:00:00Z")]}),
    )
    assert [(found.job, found.last_scrape) for found in wire.client.targets()] == [("a", NOON), ("b", None)]


@pytest.mark.parametrize(
    "answer",
    [{"status": "error", "error": "boom"}, {}, [], success({"resultType": "vector", "result": [{"metric": {}}]})],
    ids=["an error", "no status", "a list", "a series without a value"],
)
def test_any_other_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    with pytest.raises(Unavailable):
        Wire(monkeypatch, answer).client.instant("up")


def test_nobody_listening_is_unavailable_with_the_next_step() -> None:
    with pytest.raises(Unavailable, match="prometheus does not answer") as caught:
        PrometheusClient("http://127.0.0.1:1").version()
    assert "sereno logs prometheus" in caught.value.next_step
