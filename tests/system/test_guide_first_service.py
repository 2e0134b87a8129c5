"""docs/your-first-service.md, typed word for word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from tests.equipment.guides import Room, blocks

from sereno.serve.catalogue import BY_NAME
from sereno.settings import load_settings

ENGLISH, SPANISH = "your-first-service.md", "your-first-service.es.md"


def test_both_languages_have_the_same_code() -> None:
    assert blocks(ENGLISH) == blocks(SPANISH)


def test_its_settings_are_settings(tmp_path: Path) -> None:
    shown = [block.text for block in blocks(ENGLISH) if block.language == "toml"]
    assert len(shown) == 3
    for text in shown:
        file = tmp_path / "sereno.toml"
        file.write_text(text)
        assert load_settings(file, {}).services


def test_its_compose_file_names_our_nginx() -> None:
    (shown,) = (yaml.safe_load(block.text) for block in blocks(ENGLISH) if block.language == "yaml")
    assert shown["services"]["bakery"]["image"] == BY_NAME["nginx"].image


@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
def test_it_can_be_followed_word_for_word() -> None:
    room = Room()
    try:
        room.type("./sereno up --on native --yes")
        room.follow(blocks(ENGLISH))
    finally:
        room.close()
