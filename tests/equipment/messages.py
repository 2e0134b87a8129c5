"""Every message that the program marks for translation, as the sources and templates have it now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file

import sereno

SOURCE = Path(sereno.__file__).parent
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "lazy_gettext": None}


@dataclass(frozen=True)
class Message:
    """A message and one place where it stands."""

    id: str | tuple[str, ...]
    place: str


def marked_messages() -> list[Message]:
    """All of them, each once, in the order of their files."""
    found: dict[str | tuple[str, ...], Message] = {}
    for message in _all():
        found.setdefault(message.id, message)
    return list(found.values())


def _all() -> Iterator[Message]:
    files = [("python", file) for file in SOURCE.rglob("*.py")]
    files += [("jinja2.ext:babel_extract", file) for file in (SOURCE / "web" / "templates").rglob("*.html")]
    for method, file in sorted(files, key=lambda pair: str(pair[1])):
        for line, message, _comments, _context in extract_from_file(method, str(file), keywords=KEYWORDS):
            yield Message(message, f"{file.relative_to(SOURCE)}:{line}")


if __name__ == "__main__":
    for message in marked_messages():
        print(f"# {message.place}")
        print(message.id)
