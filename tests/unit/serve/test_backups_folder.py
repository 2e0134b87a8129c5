"""Whose the folder of backups is in Compose: given to the worker where that shuts nobody out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sereno.core.errors import SettingsError
from sereno.serve.compose import backups_folder
from sereno.serve.compose.backups_folder import hand_over_backups


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int]]:
    """What was given to whom; owners are root's to give."""
    given: list[tuple[Path, int]] = []
    monkeypatch.setattr("os.chown", lambda path, owner, group: given.append((path, owner)))
    return given


def test_an_empty_one_is_given_to_the_worker(tmp_path: Path, given: list[tuple[Path, int]]) -> None:
    (tmp_path / "lost+found").mkdir()
    assert list(hand_over_backups(tmp_path, "/mnt/disk", "/mnt/disk")) != []
    assert given == [(tmp_path, 10001)]
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_one_with_somebody_elses_files_is_left_alone_and_refused(tmp_path: Path, given: list[tuple[Path, int]]) -> None:
    (tmp_path / "photo.jpg").touch()
    before = tmp_path.stat().st_mode
    with pytest.raises(SettingsError, match="'/mnt/disk' belongs to the user") as refusal:
        list(hand_over_backups(tmp_path, "/mnt/disk", "/mnt/disk"))
    assert (
        "name an empty folder in it" in refusal.value.next_step and "chown 10001 /mnt/disk" in refusal.value.next_step
    )
    assert (given, tmp_path.stat().st_mode) == ([], before)


def test_one_that_is_the_workers_stays_as_it_is(
    tmp_path: Path, given: list[tuple[Path, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups_folder, "DESK_USER", os.getuid())
    (tmp_path / "sereno-20261124T031500Z.tar").touch()
    assert list(hand_over_backups(tmp_path, "", "backups")) == []
    assert given == []


def test_one_that_hand_typed_compose_was_not_told_of_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        list(hand_over_backups(tmp_path, "/mnt/disk", "backups"))
    assert "SERENO_BACKUPS=/mnt/disk into docker/.env" in refusal.value.next_step
