"""Which state of the program runs, and to which one to go back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sereno.serve.native.home import Home
from sereno.serve.native.release import Release, Releases


def made(home: Home, mark: str, age: int = 0) -> Release:
    """A release in the launcher's folders, `age` seconds old."""
    environment, program = home.path / "environments" / mark, home.path / "programs" / mark
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").touch()
    (program / "sereno").mkdir(parents=True)
    for folder in (environment, program):
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    return Release(str(environment), str(program))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_first_one_has_nothing_to_go_back_to(home: Home) -> None:
    first = made(home, "a")
    Releases(home).take_over(first)
    assert Releases(home).to_return_to(first) is None


def test_a_failed_one_goes_back_to_the_last_healthy_one(home: Home) -> None:
    first, second, third = (made(home, mark) for mark in "abc")
    releases = Releases(home)
    for good in (first, second):
        releases.take_over(good)
        releases.became_healthy(good)
    releases.take_over(third)
    assert releases.to_return_to(third) == second


def test_who_failed_before_it_took_anything_over_has_nothing_to_take_back(home: Home) -> None:
    first, second = made(home, "a"), made(home, "b")
    releases = Releases(home)
    releases.take_over(first)
    releases.became_healthy(first)
    assert releases.to_return_to(second) is None


def test_the_healthy_one_that_fails_later_does_not_go_back_to_itself(home: Home) -> None:
    first = made(home, "a")
    releases = Releases(home)
    releases.became_healthy(first)
    releases.take_over(first)
    assert releases.to_return_to(first) is None


def test_one_that_has_been_removed_cannot_be_returned_to(home: Home) -> None:
    first, second = made(home, "a"), made(home, "b")
    releases = Releases(home)
    releases.became_healthy(first)
    releases.take_over(second)
    Path(first.python).unlink()
    assert releases.to_return_to(second) is None


def test_a_damaged_note_is_no_note(home: Home) -> None:
    first = made(home, "a")
    (home / "release.json").write_text("{")
    assert Releases(home).to_return_to(first) is None


def test_all_but_the_present_and_the_one_before_are_removed_unless_used(home: Home) -> None:
    made(home, "old", age=30)
    made(home, "used", age=20)
    made(home, "before", age=10)
    present = made(home, "now")
    Releases(home).remove_others(present, lambda folder: folder.name == "used")
    for name in ("environments", "programs"):
        assert {each.name for each in (home / name).iterdir()} == {"used", "before", "now"}


def test_a_program_outside_the_home_removes_nothing(home: Home, tmp_path: Path) -> None:
    made(home, "a", age=20)
    made(home, "b", age=10)
    Releases(home).remove_others(Release("/usr", str(tmp_path / "src")), lambda folder: False)
    assert {each.name for each in (home / "programs").iterdir()} == {"a", "b"}
