"""A delivery is read whole or refused with the place and the reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sereno.respond.alerts.delivery import MalformedDelivery, read_delivery

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def alert(**changes: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "HighCpuUsage", "severity": "warning", "instance": "host"},
        "annotations": {"summary": "busy"},
        "startsAt": "2026-11-24T11:58:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "b23fe4b7c9f0a1d2",
        **changes,
    }


def body(*alerts: dict[str, Any], **changes: Any) -> bytes:
    payload = {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "desk",
        "truncatedAlerts": 0,
        "alerts": list(alerts),
        "notification_reason": "something newer versions say",
        **changes,
    }
    return json.dumps(payload).encode()


def test_a_firing_alert_is_read_with_its_nine_digit_time() -> None:
    (told,) = read_delivery(body(alert()), NOW).told
    assert told.report.starts_at == datetime(2026, 11, 24, 11, 58, 0, 123456, tzinfo=UTC)
    assert told.report.ended_at is None
    assert (told.details.name, told.details.severity, told.details.instance) == ("HighCpuUsage", "warning", "host")


def test_a_resolved_alert_has_its_end_and_without_one_ends_with_the_delivery() -> None:
    with_end = alert(status="resolved", endsAt="2026-11-24T11:59:00-00:00")
    without = alert(status="resolved")
    assert read_delivery(body(with_end), NOW).told[0].report.ended_at == datetime(2026, 11, 24, 11, 59, tzinfo=UTC)
    assert read_delivery(body(without), NOW).told[0].report.ended_at == NOW


def test_a_firing_alert_whose_end_lies_ahead_is_firing() -> None:
    """Prometheus sends the moment until which a firing alert is valid as its end."""
    assert read_delivery(body(alert(endsAt="2026-11-24T12:04:00Z")), NOW).told[0].report.ended_at is None


def test_left_out_alerts_are_counted() -> None:
    assert read_delivery(body(alert(), truncatedAlerts=17), NOW).truncated == 17


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the body: invalid JSON"),
        (b"[1]", "the body: input should be an object"),
        (b'{"version": "4"}', "alerts: field required"),
        (body(alert(), version="3"), "version: input should be '4'"),
        (body(alert(status="burning")), "alerts.0.status: input should be 'firing' or 'resolved'"),
        (body(alert(), alert(startsAt="yesterday")), "alerts.1.startsAt: "),
        (body(alert(startsAt="2026-11-24T11:58:00")), "alerts.0.startsAt: '2026-11-24T11:58:00' has no time zone"),
        (body(alert(startsAt=3)), "alerts.0.startsAt: is no RFC 3339 time"),
        (body(alert(startsAt="0001-01-01T00:00:00Z")), "alerts.0.startsAt: lies outside the years"),
        (body(alert(fingerprint="")), "alerts.0.fingerprint: "),
        (body(alert(fingerprint="x" * 65)), "alerts.0.fingerprint: "),
        (body(alert(labels={"alertname": 3})), "alerts.0.labels.alertname: input should be a valid string"),
        (body(*[alert(status="?")] * 9), "and 4 more"),
        (rb'{"version": "4", "alerts": [], "x": "\ud800"}', "the body: invalid JSON"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: bytes, complaint: str) -> None:
    with pytest.raises(MalformedDelivery) as refusal:
        read_delivery(content, NOW)
    assert complaint in refusal.value.message
    assert "version 4" in refusal.value.next_step


def test_a_group_is_the_same_whether_alertmanager_also_tells_others() -> None:
    bare, beside = (
        read_delivery(body(alert(), groupKey=key), NOW).told[0].group_key
        for key in ('{}:{alertname="X"}', '{}/{}:{alertname="X"}')
    )
    assert bare == beside == '{}:{alertname="X"}'
