"""Incidents by program: the shapes of the answers, who may, and that the second of two is told who was first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from tests.equipment.desk import Visitor

Begin = Callable[[str], Visitor]

PATH = "/api/v1/incidents"

DELIVERY = {
    "version": "4",
    "groupKey": '{}:{alertname="InstanceDown", instance="shop"}',
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "InstanceDown", "instance": "shop", "severity": "critical", "component": "shop"},
            "annotations": {"summary": "shop does not answer", "summary_es": "shop no responde"},
            "startsAt": "2026-11-24T11:58:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "f1",
        }
    ],
}


def deliver(app: Flask) -> None:
    answer = app.test_client().post(
        "/api/v1/alertmanager", json=DELIVERY, headers={"Authorization": "Bearer delivery-token"}
    )
    assert answer.status_code == 200


def test_a_delivery_is_an_incident_that_can_be_read_taken_and_published(app: Flask, signed_in: Begin) -> None:
    for _ in range(3):
        deliver(app)
    bob = signed_in("bob")
    listed = bob.api("GET", PATH).json
    assert listed["next"] is None
    (item,) = listed["items"]
    expected = {
        "state": "open",
        "severity": "critical",
        "opened_at": "2026-11-24T11:58:00.123456Z",
        "acknowledged_at": None,
        "resolved_at": None,
        "owner": None,
        "components": ["shop"],
        "alerts": 1,
        "flapping": False,
        "title": "shop does not answer",
    }
    assert expected.items() <= item.items()
    own = f"{PATH}/{item['id']}"
    assert bob.api("POST", f"{own}/acknowledge").json["owner"] == "bob"
    assert bob.api("POST", f"{own}/comment", {"text": "looking"}).status_code == 201
    assert bob.api("POST", f"{own}/publish", {"text": "We are **looking**."}).json["public"] is True
    assert bob.api("POST", f"{own}/assign", {"owner": "alice"}).json["owner"] == "alice"
    assert bob.api("POST", f"{own}/assign", {"owner": "nobody-here"}).status_code == 404
    assert bob.api("POST", f"{own}/resolve").json["resolved_by"] == "bob"
    assert bob.api("POST", f"{own}/reopen", {"text": "not over"}).json["state"] == "open"
    whole = bob.api("GET", own).json
    assert [event["kind"] for event in whole["timeline"]] == [
        "opened", "alert-fired", "acknowledged", "comment", "published", "assigned", "resolved", "reopened",
    ]  # fmt: skip
    assert whole["alert_list"][0]["fingerprint"] == "f1"
    part = bob.api("GET", f"{own}/timeline?limit=3").json
    rest = bob.api("GET", f"{own}/timeline?after={part['next']}").json
    assert part["items"] + rest["items"] == whole["timeline"]


def test_the_second_of_two_is_told_who_was_first(app: Flask, signed_in: Begin) -> None:
    deliver(app)
    alice, bob = signed_in("alice"), signed_in("bob")
    (item,) = alice.api("GET", PATH).json["items"]
    assert alice.api("POST", f"{PATH}/{item['id']}/acknowledge").status_code == 200
    refused = bob.api("POST", f"{PATH}/{item['id']}/acknowledge")
    assert (refused.status_code, refused.mimetype) == (409, "application/problem+json")
    assert "alice" in refused.json["detail"]


def test_one_is_opened_by_hand_and_viewers_only_look(app: Flask, signed_in: Begin) -> None:
    bob, charlie = signed_in("bob"), signed_in("charlie")
    made = bob.api("POST", PATH, {"title": "The cable is cut", "severity": "critical", "components": ["nginx"]})
    assert made.status_code == 201
    assert made.headers["Location"] == f"{PATH}/{made.json['id']}"
    assert charlie.api("GET", f"{PATH}?component=nginx&state=open").json["items"][0]["opened_by"] == "bob"
    assert charlie.api("GET", f"{PATH}?component=mysql").json["items"] == []
    assert charlie.api("POST", f"{PATH}/{made.json['id']}/resolve").status_code == 403


def test_pages_of_the_list_join_without_gap_or_double(app: Flask, signed_in: Begin) -> None:
    bob = signed_in("bob")
    for number in range(5):
        bob.api("POST", PATH, {"title": f"number {number}", "opened_at": f"2026-11-0{number // 2 + 1}T00:00:00Z"})
    seen, after = [], ""
    while True:
        page = bob.api("GET", f"{PATH}?limit=2&after={after}").json
        seen += [item["title"] for item in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == ["number 4", "number 3", "number 2", "number 1", "number 0"]
    assert bob.api("GET", f"{PATH}?after=nonsense").status_code == 400
    since = bob.api("GET", f"{PATH}?since=2026-11-02T00:00:00Z&until=2026-11-03T00:00:00Z").json
    assert [item["title"] for item in since["items"]] == ["number 3", "number 2"]


ODD = {
    "absurd severity": {"severity": "💥" * 300},
    "long label": {"severity": "critical", "blob": "x" * 100_000},
    "names longer than columns": {"alertname": "n" * 5_000, "instance": "i" * 5_000, "component": "c" * 5_000},
    "no name at all": {},
    "nul and control signs": {
        "alertname": "a\x00b\x1b[31m",
        "instance": "\x00",
        "severity": "\x00",
        "component": "\x07",
    },
    "markup": {"alertname": "<script>alert(1)</script>", "severity": "'; DROP TABLE incident; --"},
    "empty": {"alertname": "", "instance": "", "severity": "", "component": ""},
}


@pytest.mark.parametrize("case", ODD)
def test_nothing_that_a_label_says_is_an_error(app: Flask, signed_in: Begin, case: str) -> None:
    for status, ends in (("firing", "0001-01-01T00:00:00Z"), ("resolved", "2026-11-24T12:10:00Z")):
        alert = DELIVERY["alerts"][0] | {"labels": ODD[case], "annotations": dict(ODD[case]), "status": status}
        body = DELIVERY | {"groupKey": "k" * 90_000 + "💥", "alerts": [alert | {"endsAt": ends}]}
        answer = app.test_client().post(
            "/api/v1/alertmanager", json=body, headers={"Authorization": "Bearer delivery-token"}
        )
        assert answer.status_code == 200
    bob = signed_in("bob")
    (item,) = bob.api("GET", PATH).json["items"]
    assert bob.api("GET", f"{PATH}/{item['id']}").status_code == 200
    assert bob.api("GET", f"{PATH}?severity={item['severity'][:60]}").status_code == 200


def test_a_truncated_delivery_is_taken_and_says_what_it_left_out(app: Flask, signed_in: Begin) -> None:
    answer = app.test_client().post(
        "/api/v1/alertmanager",
        json=DELIVERY | {"truncatedAlerts": 7},
        headers={"Authorization": "Bearer delivery-token"},
    )
    assert (answer.status_code, answer.json["truncated"]) == (200, 7)
    bob = signed_in("bob")
    (item,) = bob.api("GET", PATH).json["items"]
    fired = bob.api("GET", f"{PATH}/{item['id']}").json["timeline"][1]
    assert (fired["kind"], fired["details"]["left_out"]) == ("alert-fired", 7)
    assert "did not fit into the message: 7" in bob.get(f"/incidents/{item['id']}").text
