"""The package sources of this machine, said for another suite of the same distribution."""

from __future__ import annotations

import re
from pathlib import Path


def sources_for(folder: Path, *, here: str, suite: str) -> dict[str, str]:
    """File name → text of the sources in `folder` (`/etc/apt`) that are the distribution's own, for `suite`.

    Those are the ones whose suite is the codename `here`, or that with something behind it (`bookworm-updates`); what
    others have added is left out, as a fresh machine does not have it.
    """
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    texts = {file.name: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    said = {
        name: _stanzas(text, here, suite) if name.endswith(".sources") else _lines(text, here, suite)
        for name, text in texts.items()
        if name.endswith((".sources", ".list"))
    }
    return {name: text for name, text in said.items() if text}


def _stanzas(text: str, here: str, suite: str) -> str:
    """The stanzas of deb822's form that are of the suite `here`."""
    of_here = re.compile(rf"^Suites:[ \t]*{re.escape(here)}(?=\s|-)", re.MULTILINE)
    kept = [each.strip() for each in re.split(r"\n[ \t]*\n", text) if of_here.search(each)]
    return "".join(f"{re.sub(_named(here), suite, _uncommented(each))}\n\n" for each in kept)


def _lines(text: str, here: str, suite: str) -> str:
    """The one-line sources that are of the suite `here`: `deb [options] address suite component …`."""
    of_here = re.compile(rf"^deb\s+(?:\[[^]]*]\s+)?\S+\s+{re.escape(here)}(?=\s|-)")
    return "".join(f"{re.sub(_named(here), suite, line)}\n" for line in text.splitlines() if of_here.match(line))


def _uncommented(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _named(suite: str) -> str:
    """The suite where it stands as a word of its own, with `-updates` or `-security` behind it or not."""
    return rf"(?<=\s){re.escape(suite)}(?=\s|-|$)"
