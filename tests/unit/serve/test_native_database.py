"""Making the database's own tables: whole or not at all, and never over files that are somebody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sereno.core.errors import SerenoError
from sereno.serve.native import database
from sereno.serve.native.home import Home


@dataclass
class Finished:
    code: int
    output: str


class Installer:
    """Stands in for mariadb-install-db; it makes tables where it is told to, or fails."""

    def __init__(self, code: int = 0, output: str = "") -> None:
        self.finished = Finished(code, output)
        self.asked: list[Sequence[str]] = []

    def run(self, argv: Sequence[str], **_: Any) -> Finished:
        self.asked.append(argv)
        folder = next(Path(word.partition("=")[2]) for word in argv if word.startswith("--datadir="))
        (folder / "mysql").mkdir()
        return self.finished


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "data").mkdir()
    return Home(tmp_path)


def make(home: Home, installer: Installer) -> bool:
    return database.initialise(home, installer, "")  # type: ignore[arg-type]


def test_it_is_made_once(home: Home) -> None:
    installer = Installer()
    assert make(home, installer)
    assert (home / "data/mysql/mysql").is_dir()
    assert (home / "data/mysql").stat().st_mode & 0o777 == 0o700
    assert not make(home, installer)
    assert len(installer.asked) == 1


@pytest.mark.parametrize("made", [True, False], ids=["beside a whole one", "before there is one"])
def test_what_a_killed_try_has_left_goes(home: Home, made: bool) -> None:
    for left in ("mysql.new", "mysql.new-abc"):
        (home / "data" / left / "mysql").mkdir(parents=True)
    if made:
        (home / "data/mysql/mysql").mkdir(parents=True)
    assert make(home, Installer()) is not made
    assert [each.name for each in (home / "data").iterdir()] == ["mysql"]


def test_files_that_are_no_database_are_told_and_kept(home: Home) -> None:
    (home / "data/mysql").mkdir()
    (home / "data/mysql/ibdata1").write_text("precious")
    with pytest.raises(SerenoError, match="holds files but no database") as refusal:
        make(home, Installer())
    assert "move the folder away" in refusal.value.next_step
    assert (home / "data/mysql/ibdata1").read_text() == "precious"


def test_a_failure_is_told_in_the_programs_words_and_leaves_no_database(home: Home) -> None:
    with pytest.raises(SerenoError, match="could not be made") as refusal:
        make(home, Installer(1, "advice\n[ERROR] no space left\nmore advice"))
    assert refusal.value.log_tail == "[ERROR] no space left"
    assert not (home / "data/mysql").exists()
