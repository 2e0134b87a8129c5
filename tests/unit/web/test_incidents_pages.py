"""Incidents as people read and handle them, without a script: who sees what, who may what, and who was faster."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from tests.equipment.desk import Visitor
from tests.equipment.desk_server import alert, payload

from sereno.database.session import Database
from sereno.respond.incidents.around import Happening, tell_around
from sereno.respond.incidents.model import Event, Kind
from sereno.web.incident_words import sentence

from .conftest import Clock

Begin = Callable[[str], Visitor]

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def deliver(app: Flask, *alerts: dict[str, object]) -> None:
    answer = app.test_client().post(
        "/api/v1/alertmanager", json=payload(*alerts), headers={"Authorization": "Bearer delivery-token"}
    )
    assert answer.status_code == 200, answer.text


def opened(who: Visitor, **form: str) -> str:
    """Open an incident by hand; answers its address."""
    answer = who.post("/incidents/new", {"title": "Checkout is slow", "severity": "warning", **form})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_without_incidents_the_page_says_what_they_are(signed_in: Begin) -> None:
    page = signed_in("charlie").get("/incidents").text
    assert "Nothing is wrong that we know of." in page
    assert "Alerts that belong together become one incident" in page


def test_a_delivery_is_listed_first_with_nobody_having_it(app: Flask, signed_in: Begin) -> None:
    deliver(app, alert("f1"))
    charlie = signed_in("charlie")
    for address in ("/incidents", "/desk"):
        page = charlie.get(address).text
        assert "InstanceDown on f1" in page and "Nobody has it" in page
    assert "InstanceDown en f1" in charlie.get("/incidents", Accept_Language="es").text


def test_an_alert_and_its_incident_lead_to_each_other(app: Flask, signed_in: Begin) -> None:
    deliver(app, alert("f1"))
    charlie = signed_in("charlie")
    alert_page = re.search(r'href="(/alerts/\d+)"', charlie.get("/incidents/1").text)
    assert alert_page is not None
    assert 'href="/incidents/1"' in charlie.get(alert_page[1]).text
    assert 'href="/incidents/1"' in charlie.get("/alerts").text
    assert 'href="/runbooks/InstanceDown"' in charlie.get("/incidents/1").text


def test_a_viewer_reads_and_has_nothing_to_press(app: Flask, signed_in: Begin) -> None:
    deliver(app, alert("f1"))
    charlie = signed_in("charlie")
    assert "/incidents/new" not in charlie.get("/incidents").text
    page = charlie.get("/incidents/1").text
    assert "Timeline" in page and "formaction" not in page and "<textarea" not in page
    assert "/prometheus/" not in page
    for verb in ("acknowledge", "comment", "publish", "resolve", "reopen", "assign"):
        assert charlie.post(f"/incidents/1/{verb}", {"text": "x", "public_text": "x"}).status_code == 403
    assert charlie.get("/incidents/new").status_code == 403


def test_the_whole_story_by_hand(signed_in: Begin, clock: Clock) -> None:
    bob = signed_in("bob")
    own = opened(bob, text="Two **calls** since noon.", components="webapp")
    clock.advance(seconds=80)
    assert bob.post(f"{own}/acknowledge", {"text": "looking"}).headers["Location"] == own
    assert bob.post(f"{own}/comment", {"text": "- tried\n- failed"}).status_code == 303
    assert bob.post(f"{own}/publish", {"public_text": "We are on it."}).status_code == 303
    clock.advance(minutes=5)
    assert bob.post(f"{own}/resolve", {"text": "a supplier"}).status_code == 303
    page = bob.get(own).text
    for words in (
        "bob opened it by hand", "Two <strong>calls</strong>", "bob acknowledged it", "<p>looking</p>",
        "<li>tried</li>", "bob told the public", "We are on it.", "bob resolved it",
        "<p>a supplier</p>", "1 min 20 s", "6 min 20 s",
    ):  # fmt: skip
        assert words in page, words
    assert page.index("bob resolved it") < page.index("bob opened it by hand")
    oldest = bob.get(f"{own}?order=oldest").text
    assert oldest.index("bob opened it by hand") < oldest.index("bob resolved it")
    assert bob.post(f"{own}/reopen").status_code == 303
    spanish = bob.get(own, Accept_Language="es").text
    assert "bob lo reabrió" in spanish and "bob lo reconoció" in spanish


def test_whoever_comes_second_is_told_who_was_first_and_loses_nothing(signed_in: Begin, clock: Clock) -> None:
    alice, bob = signed_in("alice"), signed_in("bob")
    own = opened(bob)
    clock.advance(seconds=5)
    alice.post(f"{own}/acknowledge")
    answer = bob.post(f"{own}/acknowledge", {"text": "I have <restarted> it"})
    assert answer.status_code == 409
    assert "alice was faster and acknowledged it at 24 Nov 2026, 12:00:05 UTC" in answer.text
    assert "I have &lt;restarted&gt; it</textarea>" in answer.text
    assert "I have" not in bob.get(own).text
    alice.post(f"{own}/resolve")
    answer = bob.post(f"{own}/resolve", {"text": "gone"}, Accept_Language="es")
    assert answer.status_code == 409 and "alice se adelantó y lo resolvió" in answer.text and "gone" in answer.text


def test_a_comment_and_an_update_need_words(signed_in: Begin) -> None:
    bob = signed_in("bob")
    own = opened(bob)
    for verb, field in (("comment", "text"), ("publish", "public_text")):
        answer = bob.post(f"{own}/{verb}", {field: "  "})
        assert answer.status_code == 422 and "Write first what you have to say." in answer.text
        long = bob.post(f"{own}/{verb}", {field: "x" * 10_001})
        assert long.status_code == 422 and "at most 10000 characters" in long.text


def test_it_is_given_to_somebody_who_may_have_it(signed_in: Begin) -> None:
    bob = signed_in("bob")
    own = opened(bob)
    page = bob.get(own).text
    assert '<option value="alice">' in page and '<option value="charlie">' not in page
    bob.post(f"{own}/assign", {"owner": "alice"})
    assert "bob gave it to alice" in bob.get(own).text
    bob.post(f"{own}/assign", {"owner": ""})
    assert "nobody has it" in bob.get(own).text
    assert bob.post(f"{own}/assign", {"owner": "mallory", "text": "kept"}).status_code == 422


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": " "}, "Say in a few words what is wrong."),
        ({"title": "x", "began_at": "2027-01-01T00:00"}, "Give a time that has passed"),
        ({"title": "x", "began_at": "yesterday"}, "Give a time that has passed"),
        ({"title": "x", "text": "y" * 10_001}, "at most 10000 characters"),
    ],
)
def test_a_wrong_form_says_where_and_keeps_the_rest(signed_in: Begin, form: dict[str, str], words: str) -> None:
    answer = signed_in("bob").post("/incidents/new", {"severity": "critical", "components": "mysql", **form})
    assert answer.status_code == 422 and words in answer.text
    assert '<option value="critical" selected>' in answer.text
    assert 'value="mysql" checked' in answer.text


def test_filters_and_pages(signed_in: Begin, clock: Clock) -> None:
    bob = signed_in("bob")
    for number in range(45):
        clock.advance(minutes=1)
        own = opened(bob, title=f"trouble {number:02}", components="mysql" if number % 2 else "nginx")
        if number < 43:
            bob.post(f"{own}/resolve")
    first = bob.get("/incidents").text
    assert first.count("trouble ") == 42  # Two that last, forty that are over.
    older = re.search(r'href="(/incidents\?before=[^"]+)"', first)
    assert older is not None
    rest = bob.get(older[1].replace("&amp;", "&")).text
    assert rest.count("trouble ") == 3 and "Not resolved <span" not in rest
    assert bob.get("/incidents?state=open").text.count("trouble ") == 2
    assert bob.get("/incidents?state=resolved&component=mysql").text.count("trouble ") == 21
    assert bob.get("/incidents?owner=alice").text.count("trouble ") == 0
    assert bob.get("/incidents?since=2026-11-25").text.count("trouble ") == 0
    assert bob.get("/incidents?since=2026-11-24&until=2026-11-24&state=open").text.count("trouble ") == 2
    assert bob.get("/incidents?before=nonsense").status_code == 400
    assert bob.get("/incidents?state=nonsense").status_code == 200


def test_hostile_labels_and_words_stand_as_they_were_written(app: Flask, signed_in: Begin) -> None:
    hostile = alert("f1", name=HOSTILE, severity=HOSTILE[:60], instance=HOSTILE, annotations={"summary": HOSTILE})
    deliver(app, hostile)
    bob = signed_in("bob")
    bob.post("/incidents/1/comment", {"text": HOSTILE + "\n\n[x](javascript:alert(1))"})
    bob.post("/incidents/1/publish", {"public_text": HOSTILE})
    opened(bob, title=HOSTILE, components=HOSTILE[:60], text=HOSTILE)
    for address in ("/incidents", "/incidents/1", "/incidents/2", "/desk", "/alerts", "/", "/audit"):
        page = bob.get(address).text
        assert "<script>alert" not in page and "<img src=x" not in page and 'href="javascript' not in page, address
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in bob.get("/incidents/1").text


def test_an_unknown_incident_is_a_friendly_404(signed_in: Begin) -> None:
    bob = signed_in("bob")
    assert bob.get("/incidents/77").status_code == 404
    assert bob.post("/incidents/77/comment", {"text": "x"}).status_code == 404
    assert bob.post("/incidents/77/assign", {"owner": "mallory"}).status_code == 404


def test_a_long_timeline_comes_in_pages_either_way(signed_in: Begin) -> None:
    bob = signed_in("bob")
    own = opened(bob)
    for number in range(105):
        bob.api("POST", f"/api/v1{own}/comment", {"text": f"note {number:03}"})
    newest = bob.get(own).text
    assert "note 104" in newest and "note 004" not in newest
    older = re.search(r'href="(/incidents/\d+\?beyond=\d+)#timeline"', newest)
    assert older is not None
    rest = bob.get(older[1]).text
    assert "note 004" in rest and "bob opened it by hand" in rest and "note 005" not in rest
    oldest = bob.get(f"{own}?order=oldest").text
    assert "note 000" in oldest and "note 099" not in oldest and "Later entries" in oldest


def test_the_status_page_leads_those_with_an_account_to_the_incident(app: Flask, signed_in: Begin) -> None:
    deliver(app, alert("f1"))
    bob = signed_in("bob")
    bob.post("/incidents/1/publish", {"public_text": "We are on it."})
    assert 'href="/incidents/1"' in bob.get("/").text
    stranger = Visitor(app).get("/").text
    assert "We are on it." in stranger and "/incidents/1" not in stranger


def test_what_happened_around_it_stands_on_its_timeline(signed_in: Begin, database: Database, clock: Clock) -> None:
    bob = signed_in("bob")
    own = opened(bob)
    happened = [
        Happening(Kind.RESTARTED, clock(), "mysql"),
        Happening(Kind.RESTARTED, clock(), "webapp"),
        Happening(Kind.BACKUP, clock(), "night.tar"),
        Happening(Kind.SETTINGS_CHANGED, clock(), "0123456789ab"),
    ]
    with database.unit_of_work() as session:
        tell_around(session, happened, clock())
    page = bob.get(own).text
    for words in ("Started anew: Desk, Database", "A backup was made: night.tar", "The settings were changed"):
        assert words in page
    assert "Arrancado de nuevo: " in bob.get(own, Accept_Language="es").text


def test_every_kind_of_entry_has_words_in_both_languages(app: Flask) -> None:
    for code in ("en", "es"):
        with app.test_request_context("/", headers={"Accept-Language": code}):
            for kind in set(Kind) - {Kind.RELEASE}:  # Nothing tells of releases yet.
                event = Event(1, 1, datetime(2026, 11, 24, tzinfo=UTC), kind, "bob", "", {"component": "mysql"})
                assert sentence(event) not in (kind.value, ""), kind
