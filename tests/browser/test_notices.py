"""`/notices` and `/heartbeats` as people meet them: on a phone, in Spanish, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.equipment import axe
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app, memory_database

from sereno.core.text import Text
from sereno.guard.model import Actor
from sereno.respond.heartbeats.model import Expectation
from sereno.respond.heartbeats.service import Heartbeats
from sereno.respond.incidents.service import Incidents
from sereno.respond.notices.messages import Voice
from sereno.respond.notices.model import Outcome
from sereno.respond.notices.service import Notices
from sereno.settings import Settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
]

PHONE = {"width": 360, "height": 740}
SETTINGS = Settings.model_validate(
    {
        "notify": {
            "channels": [{"name": name, "url": f"json://{name}.example"} for name in ("mail", "pager-of-the-night")]
        }
    }
)
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """A page in a fresh browser, signed in, with a notice sent and one given up; what the policy stops fails it."""
    database, complaints, contexts = memory_database(), [], []
    add_cast(database)
    incidents = Incidents(database)
    incidents.open(Text("Nginx does not answer", "Nginx no responde"), "critical", ("nginx",), actor=Actor("ana", ""))
    notices = Notices(database, SETTINGS.notify, Voice("en", "https://desk.example"))
    notices.take_news()
    for order in notices.claim():
        good = order.channel == "mail"
        words = "" if good else "Failed to send JSON POST notification: Page not found., error=404."
        notices.record(Outcome(order.notice_id, order.claimed_at, good=good, permanent=not good, words=words))
    Heartbeats(database, incidents).beat("backup-of-the-other-house.example", actor="ana", otherwise=Expectation())
    with served(desk_app(tmp_path, database=database, settings=SETTINGS)) as desk:

        def begin(path: str, **options: Any) -> Page:
            context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
            context.set_default_timeout(10_000)
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.goto("/login")
            page.fill("#name", "bob")
            page.fill("#password", PASSWORDS["bob"])
            page.click("main button[type=submit]")
            page.goto(path)
            return page

        yield begin
        for context in contexts:
            context.close()
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


@pytest.mark.parametrize("path", ["/notices", "/heartbeats", "/heartbeats/add"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out_and_no_fault_is_serious(visit: Visit, path: str, colours: str) -> None:
    page = visit(path, viewport=PHONE, color_scheme=colours)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert axe.serious_faults(page) == []


def test_what_was_given_up_is_tried_again_by_keyboard_and_without_scripts(visit: Visit) -> None:
    page = visit("/notices", java_script_enabled=False)
    expect(page.get_by_text("Given up", exact=True).last).to_be_visible()
    page.locator("summary").last.focus()
    button = page.get_by_role("button", name="Try again")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The notice is sent within seconds.")).to_be_visible()


def test_a_heartbeat_is_declared_paused_and_removed_in_spanish_without_scripts(visit: Visit) -> None:
    page = visit("/heartbeats/add?lang=es", java_script_enabled=False)
    page.fill("#name", "copia-nocturna")
    page.fill("#every", "1d")
    page.get_by_role("button", name="Añadir").click()
    expect(page.get_by_text("Desde ahora se espera copia-nocturna.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="copia-nocturna")
    row.get_by_role("button", name="Pausar").click()
    expect(page.get_by_role("row").filter(has_text="copia-nocturna").get_by_text("En pausa")).to_be_visible()
    page.get_by_role("row").filter(has_text="copia-nocturna").get_by_role("link", name="Quitar").click()
    page.get_by_role("button", name="Quitar").click()
    expect(page.get_by_text("Ya no se espera copia-nocturna.")).to_be_visible()
