"""The public pages and maintenance as people meet them: on a phone, in Spanish, in the dark, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from tests.equipment import axe
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app, memory_database
from tests.equipment.readings import Readings

from sereno.core.text import Text
from sereno.database.session import Database
from sereno.guard.model import Actor
from sereno.respond.incidents.service import Incidents
from sereno.respond.maintenance.model import Wanted
from sereno.respond.maintenance.service import Calendar
from sereno.respond.status import store
from sereno.respond.status.uptime import DAY_SECONDS, Day
from sereno.watch.model import State

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
]

PHONE = {"width": 360, "height": 740}
BOB = Actor("bob", "192.0.2.1")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
Visit = Callable[..., Page]
PAGES = ("/", "/status/mysql", "/history/2026-11")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def database() -> Database:
    """With a year of days, an incident that goes on, one that is over, and two maintenances."""
    database = memory_database()
    with database.unit_of_work() as session:
        for back in range(365):
            bad = {3: Day(DAY_SECONDS - 600, 600), 40: Day(DAY_SECONDS - 7200, 7200), 60: Day(maintenance=DAY_SECONDS)}
            sums = {name: bad.get(back, Day(DAY_SECONDS)) for name in ("mysql", "nginx", "webapp") if back != 70}
            store.save_day(session, TODAY - timedelta(days=back), sums, rolled_at=NOW)
    incidents = Incidents(database, clock=lambda: NOW - timedelta(hours=2))
    over = incidents.open(Text("Nothing could be bought", "No se podía comprar"), "critical", ["mysql"], actor=BOB)
    incidents.publish(over.id, "A disk was full.", BOB)
    incidents.resolve(over.id, BOB)
    one = incidents.open(Text("Orders are slow", "Los pedidos van lentos"), "critical", ["mysql"], actor=BOB)
    incidents.publish(one.id, "We **look** at it:\n\n- the disk\n- a-very-long-word-" + "x" * 80, BOB)
    calendar = Calendar(database, lambda: {"mysql"}, clock=lambda: NOW)
    for hours in (0, 24):
        begin = NOW + timedelta(hours=hours)
        title = Text(f"New disk {hours}", f"Disco nuevo {hours}")
        calendar.add(Wanted(title, Text("", ""), begin, begin + timedelta(hours=1), ("mysql",)), actor=BOB)
    add_cast(database)
    return database


@pytest.fixture
def app(tmp_path: Path, database: Database) -> Flask:
    app = desk_app(tmp_path, database=database, clock=lambda: NOW)
    app.extensions["sereno"].neighbours["readings"] = Readings(states={"mysql": State.DOWN})
    return app


@pytest.fixture
def visit(browser: Browser, app: Flask) -> Iterator[Visit]:
    """Open a page in a fresh browser; anything that the content security policy stops fails the test."""
    contexts, complaints = [], []
    with served(app) as desk:

        def begin(path: str = "/", **options: object) -> Page:
            context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
            context.set_default_timeout(15_000)
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(path)
            return page

        yield begin
        for context in contexts:
            context.close()
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def sign_in(page: Page, name: str = "bob") -> None:
    page.goto("/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORDS[name])
    page.click("main button[type=submit]")
    page.wait_for_url("**/desk")


@pytest.mark.skipif(axe.is_missing(), reason="this machine has no npm")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "es-CO"])
def test_the_public_pages_fit_a_phone_and_have_no_serious_fault(visit: Visit, scheme: str, locale: str) -> None:
    page = visit(viewport=PHONE, color_scheme=scheme, locale=locale)
    for path in PAGES:
        page.goto(path)
        assert fits(page), path
        assert axe.serious_faults(page) == []
    expect(page.locator("h1")).to_have_text("Noviembre 2026" if locale == "es-CO" else "November 2026")


def test_without_scripts_everything_can_be_read_and_reached(visit: Visit) -> None:
    page = visit(java_script_enabled=False, viewport=PHONE)
    expect(page.locator("h1")).to_contain_text("Part of the service is down for announced maintenance.")
    expect(page.locator("#incidents-now + article h3")).to_have_text("Orders are slow")
    expect(page.locator("#maintenance-ahead ~ article h3")).to_have_text(["New disk 0", "New disk 24"])
    expect(page.locator("#lately + article h3")).to_have_text("Nothing could be bought")
    page.click(".components a:text-is('Database')")
    expect(page.locator("h1")).to_have_text("Database")
    expect(page.locator("h3:text-is('Days with an outage') + ul li")).to_have_text(
        [re.compile(r"21 Nov 2026: 99\.3 %, down 10 min"), re.compile(r"15 Oct 2026: 91\.66 %, down 2 h")]
    )
    page.click("table a >> nth=0")
    expect(page.locator("h1")).to_have_text("November 2026")
    page.click("a[rel=prev]")
    expect(page.locator("h1")).to_have_text("October 2026")


def test_bars_have_words_for_the_mouse_and_for_whoever_cannot_see_them(visit: Visit) -> None:
    page = visit()
    bar = page.get_by_role("img", name=re.compile("The last 90 days of Database"))
    expect(bar).to_have_accessible_name(re.compile(r"2 days with an outage · 1 day not measured"))
    titles = bar.evaluate("svg => [...svg.querySelectorAll('title')].map(each => each.textContent)")
    assert "15 Oct 2026: 91.66 %, down 2 h" in titles
    assert "25 Sept 2026: maintenance" in titles or "25 Sep 2026: maintenance" in titles
    widths = bar.evaluate("svg => [...svg.querySelectorAll('path')].map(p => getComputedStyle(p).strokeWidth)")
    assert len(set(widths)) == 5
    page.locator("#arithmetic summary").click()
    expect(page.locator("#arithmetic p").first).to_be_visible()


def test_an_operator_plans_and_ends_a_maintenance_by_keyboard_alone(visit: Visit) -> None:
    page = visit("/login")
    sign_in(page)
    page.goto("/maintenance/add")
    page.focus("#title")
    page.keyboard.type("Another disk")
    while not page.evaluate("document.activeElement.value === '*'"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    while not page.evaluate("document.activeElement.matches('button.primary')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.ok")).to_contain_text("Another disk is planned")
    link = page.get_by_role("link", name="Cancel it Another disk")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Cancel Another disk?")
    page.locator("main button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice.ok")).to_contain_text("Another disk is cancelled.")
    page.get_by_role("link", name="End now New disk 0").click()
    page.click("main button.danger")
    expect(page.locator(".notice.ok")).to_contain_text("New disk 0 is over")


@pytest.mark.parametrize("locale", ["en-GB", "es-CO"])
def test_what_is_wrong_in_the_form_is_told_at_its_field_and_nothing_is_lost(visit: Visit, locale: str) -> None:
    page = visit("/login", viewport=PHONE, locale=locale)
    sign_in(page)
    page.goto("/maintenance/add")
    assert fits(page)
    page.fill("#title_es", "Disco nuevo")
    page.fill("#ends_at", "2026-11-24T12:30")
    page.click("main button.primary")
    wrong = page.locator("#ends_at-said .wrong")
    expect(wrong).to_contain_text("El final debe" if locale == "es-CO" else "The end must")
    expect(page.locator("#title_es")).to_have_value("Disco nuevo")
    if not axe.is_missing():
        assert axe.serious_faults(page) == []


def test_a_badge_is_a_picture(visit: Visit) -> None:
    page = visit("/status/mysql")
    loaded = page.evaluate(
        "[...document.querySelectorAll('#badges ~ p img')].map(i => i.complete && i.naturalWidth > 40)"
    )
    assert loaded == [True, True]
