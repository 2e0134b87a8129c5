"""`/backups` and `/certificates` as people meet them: on a phone, in the dark, in Spanish, with the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app, memory_database

import sereno.keep.backups.tables  # noqa: F401 -- known to the metadata also when one test runs alone.
from sereno.core.clock import utc_now
from sereno.database.retry import in_one_transaction
from sereno.keep.backups import store
from sereno.keep.backups.folder import told_record
from sereno.keep.backups.model import Attempt, Backup, Condition, Proof, file_name
from sereno.keep.certificates import record
from sereno.keep.certificates.model import Attempt as Try
from sereno.keep.certificates.model import Held, Report
from sereno.outside.prometheus import InstantSeries

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
]

PHONE = {"width": 360, "height": 740}
DARK = "rgb(16, 23, 31)"
NAMES = ("a-rather-long-name-of-a-shop.example.org", "www.a-rather-long-name-of-a-shop.example.org")
Visit = Callable[..., Page]


@dataclass
class Measured:
    """Prometheus, which knows that Nginx shows the certificate."""

    def instant(self, query: str) -> list[InstantSeries]:
        return [InstantSeries({}, 0, 1)]


def condition() -> Condition:
    """Two backups: one that restores, and an encrypted one that does not."""
    good, bad = utc_now() - timedelta(hours=30), utc_now() - timedelta(hours=6)
    numbers = (2.5, 5_000_000, "ab", 9, 1234, good, "0.1.0", "10.11", "0005")
    first = Backup(file_name(good, sealed=False), good, *numbers, Proof(good, 3.0, True))
    words = "user has 2 rows instead of 3"
    second = Backup(file_name(bad, sealed=True), bad, *numbers, Proof(bad, 3.0, False, words))
    return Condition(good, (second, first), Attempt(bad, True))


def report() -> Report:
    """One of an authority, of which a renewal has failed."""
    now = utc_now()
    held = Held("acme", NAMES, "Pebble R11", "1f", "ab", now - timedelta(days=60), now + timedelta(days=5))
    failed = Try(now, "lifetime", succeeded=False, code="dns", detail="no such name")
    planned = now + timedelta(hours=1)
    return Report(now, "acme", NAMES, held, planned, "retry", failures=1, attempts=(failed,))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """A page in a fresh browser, signed in; anything that the content security policy stops fails the test."""
    database, complaints, contexts = memory_database(), [], []
    add_cast(database)
    told = told_record(condition(), folder="/var/lib/sereno/data/backups", at="03:15")
    in_one_transaction(database, lambda session: store.tell(session, told, now=utc_now()))
    app = desk_app(tmp_path, database=database)
    app.extensions["sereno"].neighbours["certificates-prometheus"] = Measured()
    (tmp_path / "www").mkdir(exist_ok=True)
    (tmp_path / "www" / record.FILE_NAME).write_text(record.written(report()))
    with served(app) as desk:

        def begin(path: str, name: str = "bob", **options: object) -> Page:
            context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
            context.set_default_timeout(10_000)
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto("/login")
            page.fill("#name", name)
            page.fill("#password", PASSWORDS[name])
            page.click("main button[type=submit]")
            page.goto(path)
            return page

        yield begin
        for context in contexts:
            context.close()
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def press_tab_until(page: Page, words: str) -> None:
    """Walk through the page by keyboard until the focus is on what says these words."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == words:
            return
    raise AssertionError(f"{words!r} cannot be reached by keyboard")


@pytest.mark.parametrize("scripts", [True, False])
def test_an_operator_asks_for_a_backup_by_keyboard_alone(visit: Visit, scripts: bool) -> None:
    page = visit("/backups", java_script_enabled=scripts)
    if scripts:
        press_tab_until(page, "Back up now")
    else:
        page.get_by_role("button", name="Back up now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("A backup has been asked for; it begins within seconds.")).to_be_visible()
    expect(page.get_by_text("A backup has been asked for by bob")).to_be_visible()
    expect(page.get_by_role("button", name="Back up now")).to_be_disabled()


def test_each_backup_tells_whether_it_restores(visit: Visit) -> None:
    page = visit("/backups")
    bad, good = page.get_by_role("row").nth(1), page.get_by_role("row").nth(2)
    expect(bad).to_contain_text("does not restore")
    expect(bad).to_contain_text("user has 2 rows instead of 3")
    expect(bad).to_contain_text("encrypted")
    expect(good.locator(".badge.ok")).to_have_text("restores")


def test_a_viewer_reads_both_and_has_nothing_to_press(visit: Visit) -> None:
    page = visit("/backups", "charlie")
    expect(page.get_by_role("row").nth(2)).to_contain_text("restores")
    expect(page.locator("main form")).to_have_count(0)
    page.goto("/certificates")
    expect(page.get_by_role("row").filter(has_text=NAMES[0])).to_contain_text("Pebble R11")
    expect(page.locator("main form")).to_have_count(0)


def test_the_certificate_says_how_near_its_end_is_and_why_it_is_not_renewed(visit: Visit) -> None:
    page = visit("/certificates")
    row = page.get_by_role("row").filter(has_text=NAMES[0])
    expect(row.locator(".badge.warn")).to_have_text("4")
    expect(row.locator(".badge.ok")).to_have_text("yes")
    tried = page.get_by_role("row").filter(has_text="no such name")
    expect(tried.locator(".badge.bad")).to_have_text("failed")


@pytest.mark.parametrize(
    ("path", "heading", "words"),
    [
        ("/backups", "Copias de seguridad", "no se restaura"),
        ("/certificates", "Certificados", "se renueva solo"),
    ],
)
def test_it_fits_a_phone_in_the_dark_and_speaks_spanish(visit: Visit, path: str, heading: str, words: str) -> None:
    page = visit(path, viewport=PHONE, locale="es-CO", color_scheme="dark")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_text(words).first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == DARK
    assert fits(page)


@pytest.mark.parametrize("path", ["/backups", "/certificates"])
def test_both_are_found_from_the_menu(visit: Visit, path: str) -> None:
    page = visit("/desk", "charlie")
    page.locator(f"a[href='{path}']").first.click()
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith(path)
