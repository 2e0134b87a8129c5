"""The status page as people meet it: on a phone, in the dark, in Spanish, without scripts, and refreshing by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import add_cast, desk_app, memory_database
from tests.equipment.desk_server import TOKEN, payload
from tests.equipment.desk_server import alert as delivered
from tests.equipment.readings import Readings

from sereno.database.session import Database
from sereno.watch.model import State

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
]

PHONE = {"width": 360, "height": 740}
Visit = Callable[..., Page]

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255); };
  const light = (part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] > 0.99) return colour;
    }
    return [1, 1, 1, 1];
  };
  const poor = [];
  for (const element of document.querySelectorAll("main *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("svg, .visually-hidden") || !element.getClientRects().length) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(1)}`);
  }
  return poor;
}"""
"""Texts whose colour stands out from what is behind it by less than WCAG's 4.5 to 1."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def database() -> Database:
    return memory_database()


@pytest.fixture
def app(tmp_path: Path, database: Database) -> Flask:
    app = desk_app(tmp_path, database=database)
    app.extensions["sereno"].neighbours["readings"] = Readings()
    return app


@pytest.fixture
def readings(app: Flask) -> Readings:
    given: Readings = app.extensions["sereno"].neighbours["readings"]
    return given


@pytest.fixture
def visit(browser: Browser, app: Flask) -> Iterator[Visit]:
    """Open a page in a fresh browser; anything that the content security policy stops fails the test."""
    contexts, complaints = [], []

    with served(app) as desk:

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
    assert [words for words in complaints if not words.startswith("Failed to load resource")] == []


def deliver(app: Flask, *alerts: dict[str, object]) -> None:
    answer = app.test_client().post(
        "/api/v1/alertmanager", json=payload(*alerts), headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert answer.status_code == 200


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def make_trouble(app: Flask, readings: Readings) -> None:
    """Every kind of thing that the page can show at once."""
    readings.states = {"mysql": State.DOWN, "grafana": State.UNKNOWN, "nginx-exporter": State.UNKNOWN}
    readings.cpu = [None] * 40 + [85 + index % 9 for index in range(60)] + [None] * 5 + [20.0] * 15
    deliver(
        app,
        delivered("a", name="InstanceDown"),
        delivered(
            "b", name="LowDiskSpace", severity="warning", instance="a-rather-long-host-name.of.some.example:9100"
        ),
        delivered("c", name="SomebodysOwnRule" * 4, severity="page"),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
@pytest.mark.parametrize("locale", ["en-GB", "es-CO"])
def test_everything_fits_and_is_readable(
    app: Flask, readings: Readings, visit: Visit, scheme: str, viewport: dict[str, int], locale: str
) -> None:
    make_trouble(app, readings)
    page = visit(viewport=viewport, color_scheme=scheme, locale=locale)
    expect(page.locator("h1")).to_contain_text(
        "Una parte del servicio está caída." if locale == "es-CO" else "Part of the service is down."
    )
    assert fits(page)
    assert page.evaluate(CONTRAST) == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(16, 23, 31)") is (scheme == "dark")


def test_without_scripts_everything_is_there_and_times_are_in_utc(readings: Readings, visit: Visit) -> None:
    page = visit(java_script_enabled=False, timezone_id="America/Bogota")
    expect(page.locator("h1")).to_contain_text("Everything works.")
    expect(page.locator(".overall time")).to_have_text("24 Nov 2026, 11:59 UTC")
    assert page.locator("svg .line").count() == 8
    page.locator("summary").first.click()
    expect(page.locator("details[open] tbody tr")).to_have_count(6)
    page.click("footer a[lang=es]")
    expect(page.locator("h1")).to_contain_text("Todo funciona.")
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("Todo funciona.")


def test_with_scripts_times_are_in_the_readers_zone(readings: Readings, visit: Visit) -> None:
    page = visit(timezone_id="America/Bogota", locale="en-GB")
    expect(page.locator(".overall time")).to_contain_text("06:59")
    expect(page.locator(".overall time")).to_have_attribute("title", "24 Nov 2026, 11:59 UTC")


def test_the_page_refreshes_by_itself_and_keeps_what_the_reader_opened(
    app: Flask, readings: Readings, visit: Visit
) -> None:
    page = visit()
    page.clock.install()
    page.reload()
    page.locator("summary").first.click()
    page.evaluate("document.activeElement.blur()")
    readings.states = {"mysql": State.DOWN}
    app.extensions["sereno.front"].reader = None
    page.clock.run_for(16_000)
    expect(page.locator("h1")).to_contain_text("Part of the service is down.")
    expect(page.locator("details[open]")).to_have_count(1)


def test_a_desk_that_goes_away_is_told_on_the_open_page(app: Flask, readings: Readings, visit: Visit) -> None:
    page = visit()
    page.clock.install()
    page.reload()
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(16_000)
    expect(page.locator("#status").get_by_role("status")).to_have_text("Not refreshed: the desk does not answer.")
    expect(page.locator("h1")).to_contain_text("Everything works.")


def test_pictures_have_words_and_states_have_signs_besides_colours(readings: Readings, visit: Visit) -> None:
    readings.states = {"mysql": State.DOWN, "nginx-exporter": State.UNKNOWN}
    page = visit()
    picture = page.get_by_role("img", name="Last hour").first
    expect(picture).to_have_accessible_name(
        re.compile("between 20 and 26 percent; the limit is 80 percent", re.IGNORECASE)
    )
    signs = page.evaluate(
        "[...document.querySelectorAll('.components .badge')].map(e => getComputedStyle(e,'::before').content)"
    )
    assert set(signs) == {'"●"', '"■"', '"○"'}


def test_operators_see_the_top_consumer_and_the_way_to_each_alert(
    app: Flask, database: Database, readings: Readings, visit: Visit
) -> None:
    add_cast(database)
    deliver(app, delivered("a", name="LowDiskSpace", instance="cellar"))
    page = visit("/login")
    page.fill("#name", "bob")
    page.fill("#password", "the owl sleeps at noon")
    page.click("main button[type=submit]")
    page.goto("/")
    expect(page.locator("tbody tr", has_text="25.0 %")).to_contain_text("Database")
    page.click("text=LowDiskSpace on cellar")
    expect(page).to_have_url(re.compile(r"/alerts/\d+$"))
    expect(page.get_by_role("link", name="See the measurement in Prometheus")).to_have_attribute(
        "href", "/prometheus/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
    )
    page.goto("/alerts")
    assert fits(page)
