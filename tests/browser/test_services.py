"""`/services` as people meet it: added by a form without scripts, on a phone, in Spanish, with the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app, memory_database

from sereno.settings import Settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
]

PHONE = {"width": 360, "height": 740}
SETTINGS = Settings.model_validate(
    {
        "services": [{"name": "shop", "title": "Shop", "title_es": "Tienda", "upstream": "127.0.0.1:3999"}],
        "probes": [{"name": "mail", "kind": "tcp", "target": "mail-with-a-rather-long-name.example.org:25"}],
    }
)
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """A page in a fresh browser, signed in; anything that the content security policy stops fails the test."""
    database, complaints, contexts = memory_database(), [], []
    add_cast(database)
    with served(desk_app(tmp_path, database=database, settings=SETTINGS)) as desk:

        def begin(name: str = "bob", **options: object) -> Page:
            context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
            context.set_default_timeout(10_000)
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.goto("/login")
            page.fill("#name", name)
            page.fill("#password", PASSWORDS[name])
            page.click("main button[type=submit]")
            page.goto("/services")
            return page

        yield begin
        for context in contexts:
            context.close()
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_probe_is_added_changed_and_removed(visit: Visit, scripts: bool) -> None:
    page = visit(java_script_enabled=scripts)
    page.get_by_role("link", name="Add a probe").click()
    page.get_by_label("What to probe").fill("http://127.0.0.1:7999/health")
    page.get_by_label("Title in English").fill("Our site")
    page.get_by_role("button", name="Add").click()
    row = page.get_by_role("row").filter(has_text="Our site")
    expect(row).to_contain_text("http://127.0.0.1:7999/health")
    expect(page.get_by_text("is probed from now on")).to_be_visible()
    row.get_by_role("link", name="Edit").click()
    page.get_by_label("How often").select_option("30s")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("every 30 s")
    row.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_a_refused_target_is_said_beside_it(visit: Visit) -> None:
    page = visit()
    page.goto("/services/add")
    page.get_by_label("What to probe").fill("http://169.254.169.254/")
    page.keyboard.press("Enter")
    field = page.get_by_label("What to probe")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#target-said")).to_contain_text("link-local")
    expect(field).to_have_value("http://169.254.169.254/")


def test_it_fits_a_phone_and_speaks_spanish(visit: Visit) -> None:
    page = visit(viewport=PHONE, locale="es-CO")
    expect(page.get_by_role("heading", name="Detrás de este servidor")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Tienda")).to_contain_text("sereno.toml")
    assert fits(page)
    page.goto("/services/add")
    assert fits(page)


def test_a_viewer_has_nothing_to_press(visit: Visit) -> None:
    page = visit("charlie")
    expect(page.get_by_role("row").filter(has_text="mail")).to_be_visible()
    expect(page.get_by_role("link", name="Add a probe")).to_have_count(0)
