"""A real browser (Debian's Chromium, driven by Playwright) that looks at pages and takes their pictures."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sereno.core.errors import SerenoError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_WAIT_MILLISECONDS = 20_000


@dataclass(frozen=True, slots=True)
class Screen:
    """The reader whose eyes are borrowed: width and height in CSS pixels, theme, language."""

    width: int = 1280
    height: int = 900
    scheme: Literal["light", "dark"] = "light"
    language: Literal["en", "es"] = "en"


DESKTOP = Screen()
PHONE = Screen(width=390, height=844)


class Camera:
    """Opens pages of one site in the browser and saves what is seen. The certificate may be self-signed."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextmanager
    def reader(self, screen: Screen) -> Iterator[Page]:
        """A fresh reader without cookies, at `screen`."""
        context: BrowserContext = self._browser.new_context(
            ignore_https_errors=True,
            viewport={"width": screen.width, "height": screen.height},
            color_scheme=screen.scheme,
            locale="es-CO" if screen.language == "es" else "en-GB",
        )
        context.set_default_timeout(_WAIT_MILLISECONDS)
        try:
            yield context.new_page()
        finally:
            context.close()


@contextmanager
def camera() -> Iterator[Camera]:
    """Start the browser for a while.

    Raises SerenoError when Chromium or Playwright is not installed.
    """
    program = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        raise SerenoError("no Chromium is installed", next_step="apt-get install chromium, then run the command again")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise SerenoError(
            "Playwright is not installed in Sereno's virtual environment",
            next_step="run the command as ./sereno evidence: the launcher installs what it needs",
        ) from error
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            # Chromium's own sandbox refuses to run as root; only pages of this machine are opened.
            args=["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        try:
            yield Camera(browser)
        finally:
            browser.close()


def save(page: Page, file: Path, *, whole_page: bool = True) -> None:
    """Save what `page` shows as a PNG, the whole page or only what fits the screen."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(file), full_page=whole_page)
