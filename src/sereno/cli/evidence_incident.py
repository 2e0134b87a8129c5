"""The incident of a component that was stopped for the pictures: open, taken, told to the public."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sereno.cli.album import Album
from sereno.core.errors import SerenoError
from sereno.core.text import Text

if TYPE_CHECKING:
    from playwright.sync_api import Page

WAIT_SECONDS = 30
UPDATE = "A part of the watch was stopped on purpose, for pictures of this system. It comes back within minutes."


def picture_incident(page: Page, base: str, component: str, album: Album) -> None:
    """Take the pictures with a signed-in operator's page. Raises SerenoError when no incident opens."""
    own = _address(page, base, component)
    page.goto(own)
    album.add(page, "incident-open", Text("An incident has opened by itself", "Un incidente se ha abierto solo"))
    page.fill("#text", f"Stopped on purpose by `./sereno evidence`; `./sereno start {component}` follows.")
    page.click(f"button[formaction='{own.removeprefix(base)}/acknowledge']")
    page.wait_for_selector("#timeline .warn")
    album.add(page, "incident-acknowledged", Text("Somebody has taken it", "Alguien se ocupa de él"))
    page.click("#tell > summary")
    page.fill("#public_text", UPDATE)
    page.click("#tell button[type=submit]")
    page.wait_for_selector("#timeline .told")


def picture_update(page: Page, base: str, album: Album) -> None:
    """Take the picture of what everybody is told. Raises SerenoError when it is not there in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while UPDATE not in page.inner_text("main"):
        if time.monotonic() > deadline:
            raise SerenoError(f"the status page did not show the update within {WAIT_SECONDS} s")
        page.wait_for_timeout(1000)
        page.goto(f"{base}/")
    album.add(page, "status-page-update", Text("What the public is told", "Lo que se le dice al público"))


def picture_overview(page: Page, base: str, album: Album) -> None:
    """Take the pictures of all incidents and their figures."""
    for path, caption in (("incidents", Text("Incidents", "Incidentes")), ("figures", Text("Figures", "Cifras"))):
        page.goto(f"{base}/{path}")
        album.add(page, path, caption)


def _address(page: Page, base: str, component: str) -> str:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        page.goto(f"{base}/incidents?component={component}&state=open")
        found = page.locator("#open a[href^='/incidents/']")
        if found.count():
            return f"{base}{found.first.get_attribute('href')}"
        if time.monotonic() > deadline:
            raise SerenoError(f"no incident of {component} opened within {WAIT_SECONDS} s")
        page.wait_for_timeout(1000)
