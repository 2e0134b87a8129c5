"""What `up` says to a machine with little memory or disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.cli.here import Here
from sereno.cli.stack import refuse_small_machine
from sereno.core.errors import SerenoError
from sereno.outside import machine
from sereno.serve.native.home import Home, State
from sereno.settings import Settings

GB = 1_000_000_000


class Words:
    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, words: str) -> None:
        self.said.append(words)

    say = step


def up_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    memory: int,
    swap: int = 0,
    disk: int = 50 * GB,
    set_up: bool = False,
) -> str:
    """What is said on a machine of that size, in the profile for 1 GB."""
    monkeypatch.setattr(machine, "memory", lambda: (memory, swap))
    monkeypatch.setattr(machine, "disk", lambda path: (disk, 100 * GB))
    words = Words()
    here = Here(root=tmp_path, home=Home(tmp_path / "home"), settings=Settings())
    refuse_small_machine(here, State(platform="native", profile="small"), words, set_up=set_up)  # type: ignore[arg-type]
    return "\n".join(words.said)


def test_a_machine_that_is_large_enough_hears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert up_on(tmp_path, monkeypatch, memory=GB, swap=GB) == ""


def test_one_without_swap_is_told_how_to_add_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "mkswap" in up_on(tmp_path, monkeypatch, memory=GB)


def test_too_little_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SerenoError, match=r"memory: .* of memory") as refusal:
        up_on(tmp_path, monkeypatch, memory=GB // 2)
    assert "1 GB or more" in refusal.value.next_step


def test_half_a_gigabyte_with_swap_is_only_warned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "larger machine" in up_on(tmp_path, monkeypatch, memory=GB // 2, swap=GB)


def test_a_full_disk_is_refused_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SerenoError, match=r"disk: .* free") as refusal:
        up_on(tmp_path, monkeypatch, memory=4 * GB, disk=GB // 2)
    assert "make space" in refusal.value.next_step


def test_what_is_set_up_comes_back_on_a_nearly_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "make space" in up_on(tmp_path, monkeypatch, memory=4 * GB, disk=GB // 10, set_up=True)
    with pytest.raises(SerenoError, match="disk"):
        up_on(tmp_path, monkeypatch, memory=4 * GB, disk=1_000_000, set_up=True)
