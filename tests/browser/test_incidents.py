"""Trouble as people handle it, on a real MariaDB: from fault to end, in both languages, by keyboard, on a phone, in the
dark, without scripts, by two people at once; and no label or comment becomes a part of the page itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from tests.equipment import axe, mariadb
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app
from tests.equipment.desk_server import TOKEN, alert, payload
from tests.equipment.mariadb import MariaDb
from tests.equipment.readings import Readings

from sereno.core.clock import rfc3339, utc_now
from sereno.database.migrate import migrate
from sereno.database.session import Database, make_engine
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.service import Incidents

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
]

PHONE = {"width": 360, "height": 740}
HOSTILE = "\"><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
Visit = Callable[..., Page]

WORDS = {
    "en": {
        "open": "Open", "acknowledge": "Acknowledge", "acknowledged": "Acknowledged", "comment": "Comment",
        "public": "Tell the public", "publish": "Publish", "resolve": "Resolve", "resolved": "Resolved",
        "text": "What you see or try", "update": "Update for everyone", "who": "bob acknowledged it",
        "faster": "alice was faster and acknowledged it",
    },
    "es": {
        "open": "Abierto", "acknowledge": "Reconocer", "acknowledged": "Reconocido", "comment": "Comentar",
        "public": "Informar al público", "publish": "Publicar", "resolve": "Resolver", "resolved": "Resuelto",
        "text": "Qué ves o intentas", "update": "Novedad para todos", "who": "bob lo reconoció",
        "faster": "alice se adelantó y lo reconoció",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    server = MariaDb().create()
    yield server
    server.close()


@pytest.fixture
def database(server: MariaDb) -> Iterator[Database]:
    server.empty()
    engine = make_engine(server.url, pool_size=10)
    migrate(engine)
    database = Database(engine)
    add_cast(database)
    yield database
    engine.dispose()


@pytest.fixture
def app(tmp_path: Path, database: Database) -> Flask:
    app = desk_app(tmp_path, database=database)
    app.extensions["sereno"].neighbours["readings"] = Readings()
    return app


@pytest.fixture
def visit(browser: Browser, app: Flask) -> Iterator[Visit]:
    """A page in a fresh browser, signed in unless nobody is named; what the security policy stops fails the test."""
    contexts, complaints = [], []
    with served(app) as desk:

        def begin(name: str = "bob", **options: object) -> Page:
            context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
            context.set_default_timeout(20_000)
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.goto("/login")
            if name:
                page.fill("#name", name)
                page.fill("#password", PASSWORDS[name])
                page.click("main button[type=submit]")
                page.wait_for_url("**/desk")
            return page

        yield begin
        for context in contexts:
            context.close()
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


def deliver(app: Flask, *alerts: dict[str, Any]) -> None:
    body = json.dumps(payload(*alerts))
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    answer = app.test_client().post("/api/v1/alertmanager", data=body, headers=headers)
    assert answer.status_code == 200, answer.text


def fault(app: Flask, fingerprint: str = "f1", **changes: Any) -> dict[str, Any]:
    """An alert that fires since half a minute, delivered."""
    found = alert(fingerprint, startsAt=rfc3339(utc_now() - timedelta(seconds=30)), **changes)
    deliver(app, found)
    return found


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def reach(page: Page, wanted: Locator) -> None:
    """Come to an element as somebody without a mouse does."""
    expect(wanted).to_be_visible()
    for _ in range(120):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not lead to {wanted}")


def press(page: Page, role: Any, name: str) -> None:
    reach(page, page.get_by_role(role, name=name, exact=True))
    page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("en", {"locale": "en", "color_scheme": "light"}),
        ("es", {"locale": "es-CO", "color_scheme": "dark", "viewport": PHONE}),
    ],
)
def test_from_the_fault_to_the_end_by_keyboard_alone(
    app: Flask, database: Database, visit: Visit, code: str, options: dict[str, Any]
) -> None:
    words, page = WORDS[code], visit(**options)
    found = fault(app)
    title = found["annotations"]["summary" if code == "en" else "summary_es"]
    page.goto("/desk")
    home = page.get_by_role("region").filter(has=page.locator("#home-incidents"))
    expect(home).to_contain_text(title)
    assert fits(page)
    reach(page, home.get_by_role("link", name=title))
    page.keyboard.press("Enter")
    expect(page.locator("#incident")).to_contain_text(words["open"])
    press(page, "button", words["acknowledge"])
    expect(page.locator("#incident")).to_contain_text(words["acknowledged"])
    expect(page.locator("#timeline")).to_contain_text(words["who"])
    reach(page, page.get_by_label(words["text"]))
    page.keyboard.type("It was **killed**.")
    press(page, "button", words["comment"])
    expect(page.locator("#timeline .written strong")).to_have_text("killed")
    assert fits(page)
    reach(page, page.locator("#tell > summary"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_label(words["update"]))
    page.keyboard.type("We are restarting it.")
    press(page, "button", words["publish"])
    expect(page.locator("#timeline")).to_contain_text("We are restarting it.")
    assert axe.is_missing() or axe.serious_faults(page) == []
    # What everyone sees, and what only those with an account do.
    stranger = visit("", locale=options["locale"], viewport=PHONE)
    stranger.goto("/")
    expect(stranger.locator("main")).to_contain_text("We are restarting it.")
    expect(stranger.locator("main")).not_to_contain_text("It was killed.")
    assert fits(stranger)
    # The fault is gone: after the hold-down the incident ends by itself, at the alert's end.
    ended = utc_now() - timedelta(seconds=3)
    deliver(app, found | {"status": "resolved", "endsAt": rfc3339(ended)})
    Incidents(database, clock=lambda: ended + timedelta(minutes=3), rules=Rules()).settle()
    page.reload()
    expect(page.locator("#incident")).to_contain_text(words["resolved"])
    assert fits(page)
    page.goto("/figures")
    assert fits(page)
    assert axe.is_missing() or axe.serious_faults(page) == []
    page.goto("/incidents")
    expect(page.locator("#over")).to_contain_text(title)
    assert fits(page)
    assert axe.is_missing() or axe.serious_faults(page) == []


def test_all_of_it_works_without_scripts(app: Flask, visit: Visit) -> None:
    fault(app)
    page = visit(java_script_enabled=False)
    page.goto("/incidents")
    page.get_by_role("link", name="InstanceDown on f1").click()
    page.get_by_label("What you see or try").fill("on it")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#timeline")).to_contain_text("on it")
    page.get_by_text("Tell the public").click()
    page.get_by_label("Update for everyone").fill("Soon.")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#incident")).to_contain_text("Resolved")
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator("#timeline")).to_contain_text("bob reopened it")


@pytest.mark.parametrize("code", ["en", "es"])
def test_of_two_at_once_one_is_told_who_was_faster_and_keeps_what_was_typed(
    app: Flask, visit: Visit, code: str
) -> None:
    fault(app)
    bob, alice = visit("bob", locale=code), visit("alice", locale=code)
    for page in (bob, alice):
        page.goto("/incidents/1")
    bob.get_by_label(WORDS[code]["text"]).fill("I have restarted it")
    alice.get_by_role("button", name=WORDS[code]["acknowledge"], exact=True).click()
    expect(alice.locator("#incident")).to_contain_text(WORDS[code]["acknowledged"])
    bob.get_by_role("button", name=WORDS[code]["acknowledge"], exact=True).click()
    expect(bob.get_by_role("alert")).to_contain_text(WORDS[code]["faster"])
    expect(bob.get_by_label(WORDS[code]["text"])).to_have_value("I have restarted it")
    expect(bob.get_by_role("button", name=WORDS[code]["acknowledge"], exact=True)).to_have_count(0)
    bob.get_by_role("button", name=WORDS[code]["comment"], exact=True).click()
    expect(bob.locator("#timeline")).to_contain_text("I have restarted it")


def test_the_page_follows_while_somebody_types(app: Flask, visit: Visit) -> None:
    fault(app)
    page = visit()
    page.clock.install()
    page.goto("/incidents/1")
    page.get_by_label("What you see or try").fill("half a sent")
    alice = visit("alice")
    alice.goto("/incidents/1")
    alice.get_by_role("button", name="Acknowledge").click()
    expect(alice.locator("#incident")).to_contain_text("Acknowledged")
    page.clock.run_for(16_000)
    expect(page.locator("#timeline")).to_contain_text("alice acknowledged it")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_label("What you see or try")).to_have_value("half a sent")


def test_a_viewer_reads_and_has_nothing_to_press(app: Flask, visit: Visit) -> None:
    fault(app)
    page = visit("charlie", viewport=PHONE)
    page.goto("/incidents/1")
    expect(page.locator("#timeline")).to_contain_text("Alert fires")
    expect(page.locator("main button")).to_have_count(0)
    expect(page.locator("textarea")).to_have_count(0)
    assert fits(page)
    page.goto("/incidents")
    expect(page.get_by_role("link", name="Open an incident")).to_have_count(0)


def test_hostile_labels_and_comments_are_only_words(app: Flask, visit: Visit) -> None:
    fault(
        app,
        name=HOSTILE,
        severity=HOSTILE[:60],
        instance=HOSTILE,
        annotations={"summary": HOSTILE, "summary_es": HOSTILE, "description": HOSTILE},
        generatorURL="javascript:document.title='taken'",
    )
    page = visit(viewport=PHONE)
    for text in (HOSTILE, "[x](javascript:alert(1))", "<svg/onload=alert(1)>"):
        page.goto("/incidents/1")
        page.get_by_label("What you see or try").fill(text)
        page.get_by_role("button", name="Comment").click()
        expect(page.locator("#timeline")).to_contain_text(text)
    page.get_by_text("Tell the public").click()
    page.get_by_label("Update for everyone").fill(HOSTILE)
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#timeline .told")).to_contain_text("<script>")
    page.goto("/incidents/new")
    page.get_by_label("What is wrong, in a few words").fill(HOSTILE)
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    for address in ("/", "/desk", "/incidents", "/incidents/1", "/incidents/2", "/alerts", "/alerts/1", "/figures"):
        page.goto(address)
        assert page.evaluate("document.title") != "taken", address
        assert page.locator("main img, main script, main [onerror], main [onload]").count() == 0, address
        assert page.locator("a[href^='javascript' i]").count() == 0, address
        assert fits(page), address
