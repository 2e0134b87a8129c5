"""The copies of the status page that Nginx gives while the desk or its database is down."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sereno.core.files import replace_file
from sereno.core.text import LANGUAGES


class Webapp(Protocol):
    """Who renders the page."""

    def status_copy(self, language: str) -> str:
        """The page in `language`; raises Unavailable when there is none better than the last."""
        ...


def write_copies(webapp: Webapp, folder: Path) -> None:
    """Write `folder/<language>.html` for every language, each whole or not at all.

    All are fetched before any is written, so that the languages tell of the same moment. Raises Unavailable, and then
    the copies that are there stay; raises OSError when the folder can't be written.
    """
    pages = {language: webapp.status_copy(language) for language in LANGUAGES}
    folder.mkdir(parents=True, exist_ok=True)
    for language, page in pages.items():
        replace_file(folder / f"{language}.html", page.encode())
