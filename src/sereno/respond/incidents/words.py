"""What incidents are called."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.respond.alerts.model import Details, annotation
from sereno.respond.incidents.model import TITLE_LENGTH


def title_of(details: Details) -> Text:
    """An incident's title by what its first alert says of itself, in one line that fits the column."""
    english = _one_line(annotation(details.annotations, "summary", "en")) or _one_line(details.name) or "?"
    return Text(english, _one_line(annotation(details.annotations, "summary", "es")) or english)


def _one_line(text: str) -> str:
    """The text without control signs, white space made one space, cut."""
    cut = text[: 4 * TITLE_LENGTH]
    if not cut.isprintable():
        cut = "".join(sign if sign.isprintable() else " " for sign in cut)
    return " ".join(cut.split())[:TITLE_LENGTH].strip()
