"""Accounts as people meet them: in a browser, on a phone, in the dark, in Spanish, without a mouse, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app, memory_database

from sereno.core.clock import utc_now
from sereno.database.session import Database
from sereno.guard import service
from sereno.guard.model import Role

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
]

FIRST = "first lamp of all"
PHONE = {"width": 360, "height": 740}
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def database() -> Database:
    return memory_database()


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Iterator[str]:
    with served(desk_app(tmp_path, database=database)) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, desk: str) -> Iterator[Visit]:
    """Open a page in a fresh browser; anything that the content security policy stops fails the test."""
    contexts, complaints = [], []

    def begin(path: str = "/", **options: object) -> Page:
        context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield begin
    for context in contexts:
        context.close()
    unexpected = [words for words in complaints if not words.startswith("Failed to load resource")]
    assert unexpected == []


def sign_in(page: Page, name: str, password: str | None = None) -> None:
    page.goto("/login")
    page.fill("#name", name)
    page.fill("#password", password or PASSWORDS[name])
    page.click("main button[type=submit]")


def first_administrator(database: Database) -> None:
    with database.unit_of_work() as session:
        service.ensure_first_administrator(session, FIRST, now=utc_now())


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_the_first_administrator_signs_in_changes_the_password_and_adds_a_user(
    visit: Visit, database: Database
) -> None:
    first_administrator(database)
    page = visit("/users")
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fusers$"))
    sign_in(page, "admin", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Name or password are wrong")
    sign_in(page, "admin", FIRST)
    expect(page).to_have_url(re.compile("/password$"))
    page.goto("/users")
    expect(page).to_have_url(re.compile("/password$"))
    page.fill("#present", FIRST)
    page.fill("#new", "a lamp of my own")
    page.fill("#repeated", "a lamp of my own")
    page.click("main button[type=submit]")
    expect(page.get_by_role("status")).to_contain_text("Your password has been changed")
    page.click("nav >> text=Users")
    page.click("text=Add a user")
    page.fill("#name", "dora")
    page.check("input[value=operator]")
    page.click("main button[type=submit]")
    password = page.locator(".secret").inner_text()

    dora = visit("/login")
    sign_in(dora, "dora", password)
    expect(dora.locator("h1")).to_have_text("Change your password")


def test_disabling_signs_out_the_other_browser_at_once(visit: Visit, database: Database) -> None:
    add_cast(database)
    bob, alice = visit(), visit()
    sign_in(bob, "bob")
    sign_in(alice, "alice")
    alice.goto("/users")
    alice.click("button:has-text('Disable bob')")
    expect(alice.locator("tr", has_text="bob")).to_contain_text("disabled")
    bob.goto("/desk")
    expect(bob).to_have_url(re.compile("/login"))


def test_everything_works_without_scripts(visit: Visit, database: Database) -> None:
    add_cast(database)
    page = visit(java_script_enabled=False)
    sign_in(page, "alice")
    page.goto("/users")
    page.click("a:has-text('Delete bob')")
    page.click("main button[type=submit]")
    expect(page.get_by_role("status")).to_contain_text("bob has been deleted")
    page.click("button[value=dark]")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.goto("/audit?text=bob")
    expect(page.locator("tbody")).to_contain_text("Account deleted")
    page.click("header button:has-text('Sign out')")
    expect(page).to_have_url(re.compile("/login$"))


def test_a_spanish_browser_is_spoken_to_in_spanish_and_may_choose(visit: Visit, database: Database) -> None:
    add_cast(database)
    page = visit("/login", locale="es-CO")
    expect(page.locator("h1")).to_have_text("Iniciar sesión")
    sign_in(page, "alice", "no es esta")
    expect(page.get_by_role("alert")).to_contain_text("no son correctos")
    sign_in(page, "alice")
    expect(page.locator("h1")).to_have_text("Buena guardia, alice")
    for path in ("/users", "/users/add", "/audit", "/account", "/password", "/nada", "/api/docs"):
        page.goto(path)
        assert page.get_attribute("html", "lang") == "es"
    page.click("footer >> text=English")
    page.goto("/desk")
    expect(page.locator("h1")).to_have_text("Good watch, alice")


PAGES = [
    "/login",
    "/desk",
    "/users",
    "/users/add",
    "/tokens",
    "/tokens/add",
    "/users/1/edit",
    "/users/2/delete",
    "/audit",
    "/account",
]
PAGES += ["/password", "/tokens", "/tokens/add", "/nothing", "/api/docs"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_page_scrolls_sideways_on_a_phone(visit: Visit, database: Database, language: str) -> None:
    add_cast(database)
    with database.unit_of_work() as session:
        name = "an.extraordinarily.long-name.of.some.body@mail.example.org"
        service.add_user(session, name=name, role=Role.OPERATOR, actor=service.SYSTEM, now=utc_now())
    page = visit("/login", viewport=PHONE, locale=language)
    assert fits(page)
    sign_in(page, "alice")
    too_wide = []
    for path in PAGES:
        page.goto(path)
        for details in page.locator("details").all():
            details.locator("summary").click()
        if not fits(page):
            too_wide.append(path)
    assert too_wide == []


def test_buttons_and_links_of_a_phone_are_large_enough_for_a_thumb(visit: Visit, database: Database) -> None:
    add_cast(database)
    page = visit("/login", viewport=PHONE, has_touch=True)
    sign_in(page, "alice")
    for path in ("/desk", "/users", "/users/add", "/account"):
        page.goto(path)
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, .button, input, select, nav a, .verbs a")]
                .filter(each => each.offsetParent && !["radio", "hidden"].includes(each.type))
                .filter(each => each.getBoundingClientRect().height < 43.5)
                .map(each => each.outerHTML.slice(0, 90))"""
        )
        assert small == [], path


def test_a_token_is_made_and_revoked_by_keyboard_on_a_phone(visit: Visit, database: Database) -> None:
    add_cast(database)
    page = visit("/login", viewport=PHONE, locale="es-CO")
    sign_in(page, "charlie")
    page.goto("/tokens")
    page.get_by_role("link", name="Crear un token").press("Enter")
    page.locator("#name").fill("copias")
    page.locator("input[value=read]").press("Space")
    page.locator("main button[type=submit]").press("Enter")
    expect(page.locator("code.secret")).to_have_text(re.compile("^srn_"))
    text = page.locator("code.secret").inner_text()
    assert fits(page)
    seen = page.request.get("/api/v1/alerts", headers={"Authorization": f"Bearer {text}"})
    assert seen.ok
    page.goto("/tokens")
    assert fits(page) and text not in page.content()
    page.locator("table a", has_text="Revocar").press("Enter")
    page.locator("main button[type=submit]").press("Enter")
    expect(page.locator("table")).to_contain_text("revocado")
    assert page.request.get("/api/v1/alerts", headers={"Authorization": f"Bearer {text}"}).status == 401


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_dark_follows_the_browser_and_the_readers_own_choice_wins(visit: Visit, database: Database) -> None:
    add_cast(database)
    light, dark = "rgb(247, 245, 240)", "rgb(16, 23, 31)"
    page = visit("/login", color_scheme="dark")
    assert background(page) == dark
    sign_in(page, "alice")
    page.click("button[value=light]")
    assert background(page) == light
    page.click("button[value=auto]")
    assert background(page) == dark
    page.emulate_media(color_scheme="light")
    assert background(page) == light
    page.click("button[value=dark]")
    assert background(page) == dark


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.innerText.trim()"))


def press_until(page: Page, wanted: str, key: str = "Tab", limit: int = 40) -> None:
    for _ in range(limit):
        page.keyboard.press(key)
        if focused(page) == wanted:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{wanted} has the focus and does not show it"
            return
    raise AssertionError(f"{wanted} cannot be reached by keyboard; the focus is on {focused(page)}")


def test_a_user_is_added_by_keyboard_alone(visit: Visit, database: Database) -> None:
    add_cast(database)
    page = visit("/login")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    press_until(page, "name")
    page.keyboard.type("alice")
    press_until(page, "password")
    page.keyboard.type(PASSWORDS["alice"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/desk$"))
    press_until(page, "Users")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/users$"))
    press_until(page, "Add a user")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/users/add$"))
    press_until(page, "name")
    page.keyboard.type("dora")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "admin"
    press_until(page, "Add")
    page.keyboard.press("Enter")
    expect(page.locator(".secret")).to_be_visible()
    with database.unit_of_work() as session:
        assert service.user_named(session, "dora").role is Role.ADMIN


def test_times_are_shown_in_the_readers_zone_with_utc_beside(visit: Visit, database: Database) -> None:
    add_cast(database)
    page = visit("/login", timezone_id="America/Bogota")
    sign_in(page, "alice")
    page.goto("/users")
    time = page.locator("tr", has_text="alice").locator("time")
    expect(time).to_contain_text("GMT-5")
    assert "UTC" in (time.get_attribute("title") or "")
