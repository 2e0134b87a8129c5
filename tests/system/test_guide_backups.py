"""docs/backups.md, typed word for word: encrypted, made, copied, restored over what is there, and moved elsewhere."""

from __future__ import annotations

import os
import shutil

import pytest
from tests.equipment.guides import Block, Room, blocks

ENGLISH, SPANISH = "backups.md", "backups.es.md"
MOVE = "--on native"
"""What tells the last commands, which are typed on the new machine, from those before."""


def test_both_languages_have_the_same_code() -> None:
    assert blocks(ENGLISH) == blocks(SPANISH)


@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
def test_it_can_be_followed_word_for_word_to_another_machine() -> None:
    here, there = typed_where(blocks(ENGLISH))
    old = Room()
    try:
        old.type("./sereno up --on native --yes")
        old.type("./sereno user add carla")
        follow(old, here)
        new = Room()
        try:
            for file in (old.folder / "user/newest-backup", old.clone / "passphrase.txt"):
                shutil.copy(file, new.folder / "user" / file.name)
            old.type("./sereno down")
            follow(new, there)
            assert "carla" in new.type("./sereno user list")
        finally:
            new.close()
    finally:
        old.close()


def typed_where(guide: list[Block]) -> tuple[list[Block], list[Block]]:
    """What is typed on the old machine, and what on the new."""
    (first,) = [number for number, block in enumerate(guide) if MOVE in block.text]
    return guide[:first], guide[first:]


def follow(room: Room, guide: list[Block]) -> None:
    """Type what is to be typed, and write what is to be in the settings."""
    start = 0
    for number, block in enumerate(guide):
        if block.language == "toml":
            room.follow(guide[start:number])
            with (room.clone / "sereno.toml").open("a") as settings:
                settings.write(block.text)
            start = number + 1
    room.follow(guide[start:])
