"""What the one-shot hands over, without an engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sereno import prepare
from sereno.cli.restore import _was_lab


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
