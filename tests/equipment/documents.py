"""What the documentation shows to be typed or written, so that tests do exactly that."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of one kind (`toml`, `bash`) in a document of `docs/`, in their order."""
    text = (DOCS / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(document: str) -> list[list[str]]:
    """The words after `./sereno` of each line that is to be typed, with or without sudo."""
    lines = [line for block in blocks(document, "bash") for line in block.splitlines()]
    return [line.partition("./sereno ")[2].split() for line in lines if "./sereno " in line]
