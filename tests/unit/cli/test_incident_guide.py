"""`docs/incidents.md` in both languages: what it types exists, and both type the same commands."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click import Context

from sereno.cli.incident import incident
from sereno.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"
ENGLISH, SPANISH = DOCS / "incidents.md", DOCS / "incidents.es.md"


def blocks(document: Path, language: str) -> list[str]:
    text = document.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(document: Path) -> list[list[str]]:
    return [shlex.split(line) for block in blocks(document, "bash") for line in block.splitlines()]


@pytest.mark.parametrize("document", [ENGLISH, SPANISH], ids=lambda path: path.name)
def test_every_command_of_the_guide_can_be_typed(document: Path) -> None:
    typed = commands(document)
    assert len(typed) >= 8
    for program, group, name, *arguments in typed:
        assert (program, group) == ("./sereno", "incident")
        # Parses the line as it stands, without doing what it says.
        incident.commands[name].make_context(name, arguments, parent=Context(incident))


@pytest.mark.parametrize("document", [ENGLISH, SPANISH], ids=lambda path: path.name)
def test_the_settings_of_the_guide_are_the_defaults(document: Path) -> None:
    (block,) = blocks(document, "toml")
    given = Settings.model_validate(tomllib.loads(block))
    assert given.incidents == Settings().incidents


def test_both_languages_type_the_same() -> None:
    shapes = [[words[:3] for words in commands(document)] for document in (ENGLISH, SPANISH)]
    assert shapes[0] == shapes[1]
