"""What the one-shot hands over, without an engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sereno import prepare
from sereno.cli.restore import _was_lab
from sereno.settings import Settings


@pytest.fixture(autouse=True)
def owners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners are root's to give; who gets what is tested with a real engine."""
    monkeypatch.setattr("os.chown", lambda *_: None)
    monkeypatch.setattr("os.fchown", lambda *_: None)
    monkeypatch.setattr(prepare, "DESK_USER", os.getuid())


@pytest.mark.parametrize("lab", [True, False])
def test_whether_this_is_the_classroom_is_told_for_backups(tmp_path: Path, lab: bool) -> None:
    (tmp_path / "sereno.toml").write_text("# mine\n")
    told = list(prepare._settings(tmp_path / "sereno.toml", tmp_path / "settings", lab=lab))
    assert told == ["brought the settings to the desk"]
    assert _was_lab(tmp_path / "settings") is lab
    assert list(prepare._settings(tmp_path / "sereno.toml", tmp_path / "settings", lab=lab)) == []


def test_files_that_the_settings_name_are_given_to_who_makes_backups(tmp_path: Path) -> None:
    clone, folder = tmp_path / "clone", tmp_path / "named"
    (clone / "own/deep").mkdir(parents=True)
    (clone / "own/deep/site.pem").write_text("certificate")
    named = {"certificate": "own/deep/site.pem", "key": "own/deep/site.key"}
    folder.mkdir()
    prepare._keep_named(clone, folder, Settings.model_validate({"site": named}))
    assert (folder / "own/deep/site.pem").read_text() == "certificate"
    assert {each.stat().st_mode & 0o777 for each in (folder / "own", folder / "own/deep")} == {0o550}
    assert (folder / "own/deep/site.pem").stat().st_mode & 0o777 == 0o440
    for each in (folder / "own", folder / "own/deep"):
        each.chmod(0o750)
    prepare._keep_named(clone, folder, Settings())
    assert [each for each in folder.rglob("*") if each.is_file()] == []
