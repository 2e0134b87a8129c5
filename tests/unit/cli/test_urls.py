"""What `up` says at its end, in the classroom and out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.cli import urls
from sereno.cli.here import Here
from sereno.serve.native.home import Home, State
from sereno.settings import Settings


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(root=tmp_path, home=Home(tmp_path / "home"), settings=Settings())


@pytest.fixture(params=[True, False], ids=["with Grafana", "without Grafana"])
def grafana(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether Grafana is installed on this machine."""
    program = tmp_path / "grafana"
    if request.param:
        program.touch()
    monkeypatch.setattr(urls, "PROGRAM", program)
    return bool(request.param)


def test_the_classroom_is_told_to_be_one_with_its_login_and_the_way_out(here: Here, grafana: bool) -> None:
    said = urls.farewell(here, State(platform="native", profile="small", lab=True, ports={"grafana": 3300}))
    assert "classroom set-up (--lab)" in said
    assert "admin / admin123" in said
    assert "port 3300" in said
    assert "./sereno down --erase, then ./sereno up" in said
    assert ("not installed" in said) is not grafana


@pytest.mark.usefixtures("grafana")
def test_elsewhere_no_known_password_is_named(here: Here) -> None:
    said = urls.farewell(here, State(platform="native", profile="small"))
    assert "admin123" not in said
    assert "classroom" not in said
    assert f"password in {here.home / 'secrets/first-admin-password'}" in said


def test_in_compose_it_is_the_same_classroom(here: Here) -> None:
    said = urls.farewell(here, State(platform="compose", profile="standard", lab=True))
    assert "classroom set-up (--lab)" in said
    assert "http://localhost:3000/           admin, password admin123 (classroom)" in said
