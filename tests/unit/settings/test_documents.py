"""Settings that the documentation shows are ones that are taken, the same in both languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.equipment.documents import DOCS, blocks

from sereno.settings import load_settings

DOCUMENTS = sorted(file.name for file in DOCS.glob("*.md") if blocks(file.name, "toml"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_of_settings_is_taken(document: str, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(document, "toml")):
        tree = tomllib.loads(block)
        # A block may show the part that changes; the site's name stands in another one.
        if tree.get("certificate", {}).get("kind") == "acme" and "site" not in tree:
            block += '[site]\ndomain = "status.example.org"\n'
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        load_settings(file, {})


def test_a_real_domain_is_shown_alike_in_both_languages() -> None:
    english, spanish = blocks("a-real-domain.md", "toml"), blocks("a-real-domain.es.md", "toml")
    assert [block.replace("you@", "tu@") for block in english] == spanish
    first = tomllib.loads(english[0])
    assert first["certificate"]["kind"] == "acme"
    assert (first["site"]["http_port"], first["site"]["https_port"]) == (80, 443)


def test_notices_are_shown_alike_in_both_languages() -> None:
    english, spanish = blocks("notices.md", "toml"), blocks("notices.es.md", "toml")
    assert [block.replace('language = "en"', 'language = "es"') for block in english] == spanish
