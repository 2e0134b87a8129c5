"""Labels, annotations and words of strangers, on every page there is; and requests that are made up by another site."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from flask import Flask
from tests.equipment.desk import PASSWORDS, Visitor
from tests.equipment.desk_server import alert, payload
from tests.unit.web.routes import ROUTES

from sereno.guard.model import User
from sereno.web.auth import UNSAFE_METHODS

Begin = Callable[..., Visitor]

LINES = [line.split() for line in ROUTES.strip().splitlines()]
MARKUP = '"\'><script>evil()</script><img src=evil onerror=evil()><a href="javascript:evil()">{{7*191}}</a>'
LINK = "javascript:evil()"


class Suspicious(HTMLParser):
    """Collects whatever in a page could run or lead away, as a browser would read the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        for name, value in attributes.items():
            text = (value or "").strip().lower()
            if name.startswith("on") or name == "style" or name == "srcdoc":
                self.found.append(f"<{tag} {name}>")
            if name in ("href", "src", "action", "formaction") and (
                text.startswith(("javascript:", "data:", "vbscript:")) or text == "evil"
            ):
                self.found.append(f"<{tag} {name}={value}>")
        if tag == "script" and not (attributes.get("src") or "").startswith("/static/"):
            self.found.append("<script>")
        if tag in ("iframe", "object", "embed", "base"):
            self.found.append(f"<{tag}>")


def suspicious(page: str) -> list[str]:
    parser = Suspicious()
    parser.feed(page)
    return parser.found


def test_the_search_for_what_could_run_finds_it() -> None:
    assert len(suspicious(f'<p title="{MARKUP}">')) >= 3
    assert suspicious(f'<a href=" {LINK}">') and suspicious("<p onclick=x>") and not suspicious("<p title='<script>'>")


@pytest.fixture
def poisoned(app: Flask, signed_in: Begin) -> Visitor:
    """An administrator at a desk to which everything that a stranger may write has been told."""
    hostile = alert(
        "00000000000000bb",
        name=MARKUP,
        severity=MARKUP,
        instance=MARKUP,
        labels={"alertname": MARKUP, "severity": MARKUP, "instance": MARKUP, "component": MARKUP, "evil": MARKUP},
        annotations={
            **dict.fromkeys(("summary", "summary_es", "description", "description_es", "evil"), MARKUP),
            "runbook_url": LINK,
            "dashboard": LINK,
        },
        generatorURL=LINK,
    )
    hostile["labels"][MARKUP] = MARKUP
    hostile["annotations"][MARKUP] = MARKUP
    taken = app.test_client().post(
        "/api/v1/alertmanager",
        json=payload(hostile, groupKey=MARKUP, externalURL=LINK, commonLabels={"evil": MARKUP}),
        headers={"Authorization": "Bearer delivery-token"},
    )
    assert taken.status_code == 200, taken.text
    alice = signed_in("alice")
    for verb in ("comment", "publish"):
        told = alice.api("POST", f"/api/v1/incidents/1/{verb}", {"text": f"{MARKUP}\n\n[x]({LINK}) ![x]({LINK})"})
        assert told.status_code < 300, told.text
    stranger = Visitor(app)
    stranger.headers["User-Agent"] = MARKUP
    stranger.post("/login", {"name": MARKUP, "password": MARKUP})
    return alice


def test_nothing_that_a_label_or_a_word_says_runs_on_any_page(poisoned: Visitor) -> None:
    seen = 0
    for method, address, least, _scope in LINES:
        if method != "GET" or least == "secret":
            continue
        path = address.replace("<int:id>", "1")
        for language in ("en", "es"):
            answer = poisoned.get(f"{path}?lang={language}" if "<" not in path else path)
            assert answer.status_code < 500 or address == "/readyz", address
            if answer.mimetype == "text/html":
                assert suspicious(answer.text) == [], address
                assert "1337" not in answer.text, f"{address} computes what stands in a label"
                seen += "evil()" in answer.text
            elif "xml" in answer.mimetype or "svg" in answer.mimetype:
                assert suspicious(answer.text) == [], address
                for element in ElementTree.fromstring(answer.text).iter():  # noqa: S314 -- our own feed.
                    # What a feed's reader takes for HTML.
                    assert suspicious(element.text or "") == [] or not element.tag.endswith("description"), address
            else:
                assert answer.mimetype != "", address
    assert seen >= 6, "the pages did show it, as text"


def test_a_search_says_what_was_searched_for_as_text(signed_in: Begin) -> None:
    alice = signed_in("alice")
    for address in ("/alerts", "/incidents", "/audit", "/figures", "/services", "/login", "/users/add", "/tokens/add"):
        fields = "&".join(
            f"{name}=%22%3E%3Cscript%3Eevil()%3C/script%3E"
            for name in ("name", "severity", "instance", "text", "actor", "subject", "action", "since", "until",
                         "before", "next", "owner", "component", "state", "lang", "q", "target")
        )  # fmt: skip
        for query in (fields, *fields.split("&")):
            answer = alice.get(f"{address}?{query}")
            assert answer.status_code < 500, (address, query)
            assert suspicious(answer.text) == [], (address, query)


CHANGES = [(method, address) for method, address, least, _ in LINES if method in UNSAFE_METHODS and least != "secret"]


def test_no_change_is_made_without_a_form_token_or_for_another_site(signed_in: Begin, cast: dict[str, User]) -> None:
    alice = signed_in("alice")
    token = alice.token()
    for method, address in CHANGES:
        path = address.replace("<int:id>", "1").replace("<int:user_id>", str(cast["bob"].id))
        path = path.replace("<int:token_id>", "1").replace("<int:session_id>", "1").replace("<name>", "x")
        if path != "/api/v1/session" or method != "POST":
            for wrong in ("", "made up"):
                answer = alice.client.open(
                    path,
                    method=method,
                    base_url="https://desk.test",
                    headers={**alice.headers, "X-CSRF-Token": wrong},
                    json={} if "/api/" in path else None,
                )
                assert answer.status_code == 400, (method, path, answer.status)
        for told in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = alice.client.open(
                path,
                method=method,
                base_url="https://desk.test",
                headers={**alice.headers, "X-CSRF-Token": token, **told},
                json={} if "/api/" in path else None,
            )
            assert answer.status_code == 400, (method, path, answer.status, told)
    assert alice.get("/desk").status_code == 200, "not even signed out"


def test_a_session_that_a_stranger_chose_is_not_taken_on(app: Flask, cast: dict[str, User]) -> None:
    victim, attacker = Visitor(app), Visitor(app)
    planted = attacker.token()
    form = attacker.client.get_cookie("sereno_form", domain="desk.test")
    assert form is not None
    victim.client.set_cookie("sereno_session", "chosen-by-a-stranger", domain="desk.test")
    victim.client.set_cookie("sereno_form", form.value, domain="desk.test")
    assert (
        victim.post("/login", {"name": "alice", "password": PASSWORDS["alice"], "csrf_token": planted}).status_code
        == 303
    )
    session = victim.client.get_cookie("sereno_session", domain="desk.test")
    assert session is not None and session.value != "chosen-by-a-stranger"
    attacker.client.set_cookie("sereno_session", "chosen-by-a-stranger", domain="desk.test")
    assert attacker.get("/desk").status_code == 303
    refused = victim.post("/users/add", {"csrf_token": planted, "name": "mallory", "role": "admin"})
    assert refused.status_code == 400, "nor is the form token that came with it"


BREAK = "%0d%0aX-Evil:%201%0d%0aSet-Cookie:%20evil=1"


@pytest.mark.parametrize(
    "path",
    [
        f"/login?next=/x{BREAK}",
        f"/login?lang=es{BREAK}",
        f"/users?x={BREAK}",
        f"/audit/export.csv?text={BREAK}",
        f"/runbooks/{BREAK}",
        f"/badge/{BREAK}.svg",
        f"/static/{BREAK}",
        f"/{BREAK}",
    ],
)
def test_no_line_break_gets_into_a_header(app: Flask, signed_in: Begin, path: str) -> None:
    for visitor in (Visitor(app), signed_in("alice")):
        for headers in ({}, {"X_Request_ID": "abcdefgh\tX-Evil: 1"}, {"Accept_Language": "es\tX-Evil: 1"}):
            answer = visitor.get(path, **headers)
            assert answer.status_code < 500
            for name, text in answer.headers.items():
                assert name.lower() != "x-evil" and "\n" not in text and "\r" not in text
                assert not (name == "Set-Cookie" and text.startswith("evil"))


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", LINK, "/x\r\nX-Evil: 1"]
)
def test_no_form_leads_to_another_site(signed_in: Begin, target: str) -> None:
    alice = signed_in("alice")
    for path, form in (
        ("/theme", {"theme": "dark"}),
        ("/account/language", {"language": "en"}),
        ("/logout", {}),
        ("/login", {"name": "alice", "password": PASSWORDS["alice"]}),
    ):
        answer = alice.post(path, {**form, "next": target})
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/") and not answer.headers["Location"].startswith("//")
        assert "evil" not in answer.headers["Location"]
