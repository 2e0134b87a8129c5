"""`--lab` is decided at the first `up`: a home that was set up otherwise is not turned into a classroom."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sereno.cli import stack
from sereno.core.errors import UsageError
from sereno.serve.native.home import Home, State


def test_a_home_of_generated_passwords_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    before = State(platform="compose", profile="small")
    home.remember(before)
    monkeypatch.setenv("SERENO_ROOT", str(tmp_path))
    monkeypatch.setenv("SERENO_HOME", str(home.path))
    done = CliRunner().invoke(stack.up, ["--lab"])
    assert isinstance(done.exception, UsageError)
    assert "not set up with --lab" in done.exception.message
    assert "down --erase" in done.exception.next_step
    assert home.state() == before
