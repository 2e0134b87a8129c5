"""axe-core finds no serious fault on any page of the desk, in light and in dark; and it can find one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from tests.equipment import axe
from tests.equipment.browser import CHROMIUM, chromium, served
from tests.equipment.desk import PASSWORDS, add_cast, desk_app, memory_database
from tests.equipment.readings import Readings

from sereno.web.auth import declared_access

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="this machine has no Chromium"),
    pytest.mark.skipif(axe.is_missing(), reason="this machine has no npm"),
]

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    database = memory_database()
    add_cast(database)
    app = desk_app(tmp_path_factory.mktemp("desk"), database=database)
    app.extensions["sereno"].neighbours["readings"] = Readings()
    return app


@pytest.fixture
def visit(browser: Browser, app: Flask) -> Iterator[Visit]:
    """A page in a fresh browser, signed in as Alice unless nobody is named."""
    contexts = []
    with served(app) as desk:

        def begin(name: str = "alice", **options: object) -> Page:
            context = browser.new_context(ignore_https_errors=True, base_url=desk, **options)
            contexts.append(context)
            page = context.new_page()
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


def pages_of(app: Flask) -> list[str]:
    """Every address without variable parts that a view answers to people."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and not rule.rule.startswith(("/api/v1/", "/_gate/"))
        and (access := declared_access(app.view_functions[rule.endpoint])) is not None
        and access.secret is None
    )


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_has_a_serious_fault(app: Flask, visit: Visit, colours: str) -> None:
    page, faults, seen = visit(color_scheme=colours), [], []
    for address in pages_of(app):
        answer = page.request.get(address)
        if answer.ok and answer.headers["content-type"].startswith("text/html"):
            page.goto(address)
            faults += axe.serious_faults(page)
            seen.append(address)
    assert {"/", "/desk", "/alerts", "/services", "/users/add", "/audit", "/account"} <= set(seen)
    assert faults == []


@pytest.mark.parametrize("address", ["/", "/login", "/nothing/here"])
def test_nor_has_one_that_strangers_see(visit: Visit, address: str) -> None:
    page = visit("")
    page.goto(address)
    assert axe.serious_faults(page) == []


def test_a_fault_would_be_found(visit: Visit) -> None:
    page = visit("")
    page.evaluate("document.querySelector('label[for=name]').remove()")
    assert any("label" in fault for fault in axe.serious_faults(page))
