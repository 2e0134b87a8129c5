"""What notices say, and that hostile labels do nothing in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sereno.core.text import Text
from sereno.respond.incidents.model import Event, Incident, Kind, State
from sereno.respond.notices import messages
from sereno.respond.notices.messages import Voice

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INCIDENT = Incident(
    id=7,
    title=Text("Nginx does not answer", "Nginx no responde"),
    state=State.OPEN,
    severity="critical",
    public=False,
    opened_at=AT,
    detected_at=AT,
    acknowledged_at=None,
    acknowledged_by=None,
    resolved_at=None,
    resolved_by=None,
    owner=None,
    components=("nginx", "webapp"),
    alerts=2,
    flapping=False,
    opened_by="alertmanager",
    group_key=None,
)
EN, ES = Voice("en", "https://desk.example"), Voice("es", "https://desk.example", "America/Bogota")


def event(kind: Kind, *, minutes: int = 0, actor: str = "alertmanager", text: str = "") -> Event:
    return Event(1, 7, AT + timedelta(minutes=minutes), kind, actor, text)


def test_a_message_says_what_how_grave_where_and_links_to_the_incident() -> None:
    said = messages.about(INCIDENT, [event(Kind.OPENED)], EN)
    assert said.title == "[critical] Opened: Nginx does not answer"
    assert said.text.splitlines() == [
        "Nginx does not answer",
        "Severity: critical",
        "Affected: nginx, webapp",
        "Since: 2026-11-24 12:00:00 UTC",
        "",
        "2026-11-24 12:00:00 UTC: Opened",
        "",
        "https://desk.example/incidents/7",
    ]
    assert "https://desk.example/incidents/7" in said.markdown and "**Nginx does not answer**" in said.markdown


def test_opened_and_resolved_before_anyone_was_told_is_one_message() -> None:
    said = messages.about(INCIDENT, [event(Kind.OPENED), event(Kind.RESOLVED, minutes=3)], EN)
    assert said.title == "[critical] Opened · Resolved: Nginx does not answer"
    assert "12:03:00 UTC: Resolved, by itself" in said.text


def test_it_speaks_spanish_in_the_readers_zone() -> None:
    said = messages.about(INCIDENT, [event(Kind.ACKNOWLEDGED, actor="ana")], ES)
    assert said.title == "[critical] Reconocido: Nginx no responde"
    assert "2026-11-24 07:00:00 -05: Reconocido, por ana" in said.text


@pytest.mark.parametrize(
    "hostile",
    [
        "x\r\nBcc: everyone@example.org",
        "x\nSubject: another",
        "x\u2028y\u2029z\x85w",
        "x\x00\x1b[31m\x7f\u202e",
        "x" * 5000,
    ],
)
def test_a_label_cannot_make_a_header_or_a_line_of_its_own(hostile: str) -> None:
    incident = replace(INCIDENT, title=Text(hostile, hostile), severity=hostile, components=(hostile,))
    said = messages.about(incident, [event(Kind.OPENED, actor=hostile)], EN)
    assert len(said.title.splitlines()) == 1
    assert said.title.isprintable() and len(said.title) <= messages.SUBJECT_LENGTH
    assert not any(line.startswith(("Bcc:", "Subject:")) for line in said.text.splitlines())
    assert all(sign == "\n" or sign.isprintable() for sign in said.text)


def test_labels_mean_nothing_in_markdown() -> None:
    hostile = "<!channel> @everyone [click](https://evil.example) **bold** `code` <script>"
    said = messages.about(replace(INCIDENT, title=Text(hostile, hostile)), [event(Kind.OPENED)], EN).markdown
    assert "<!channel>" not in said and "@everyone" not in said and "<script>" not in said
    assert "[click](" not in said and "**bold**" not in said


def test_an_update_is_told_with_its_text() -> None:
    said = messages.about(INCIDENT, [event(Kind.PUBLISHED, actor="ana", text="We are on it.\nMore at two.")], EN)
    assert "We are on it.\nMore at two." in said.text


def test_a_summary_lists_incidents_up_to_a_limit() -> None:
    incidents = [replace(INCIDENT, id=number) for number in range(1, 21)]
    said = messages.summary(incidents, count=25, limit=30, voice=EN)
    assert said.title == "Sereno: 25 further notices in one"
    assert "https://desk.example/incidents/15" in said.text and "https://desk.example/incidents/16" not in said.text
    assert "and 5 more" in said.text
