"""The pictures of one run of `./sereno evidence`, and their index."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sereno.core.text import Text
from sereno.outside.browser import save

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass
class Album:
    """The pictures of one run, numbered in the order in which they are taken."""

    folder: Path
    entries: list[tuple[str, Text, str]] = field(default_factory=list)
    """File name (empty when there is no picture), caption, and the reason why there is none."""

    def add(self, page: Page, name: str, caption: Text, *, whole_page: bool = True) -> None:
        """Take a picture of what `page` shows now."""
        file = f"{len(self.entries) + 1:02d}-{name}.png"
        save(page, self.folder / file, whole_page=whole_page)
        self.entries.append((file, caption, ""))

    def miss(self, caption: Text, reason: str) -> None:
        """Say why there is no picture of something."""
        self.entries.append(("", caption, reason))

    def index(self, facts: list[str]) -> str:
        """The text of the folder's README."""
        lines = ["# Evidence · Evidencias", "", "Written by `./sereno evidence` from a running system.", ""]
        lines += [f"- {fact}" for fact in facts]
        for number, (file, caption, reason) in enumerate(self.entries, start=1):
            lines += ["", f"## {number}. {caption.en} · {caption.es}", ""]
            lines.append(f"![{caption.en}]({file})" if file else f"No picture · sin captura: {reason}")
        return "\n".join(lines) + "\n"
