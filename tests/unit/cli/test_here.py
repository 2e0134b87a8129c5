"""Where the command line finds itself: the platform that is chosen, ports from the environment, another home."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.cli import here as module
from sereno.cli.here import Here, choose_platform, port_overrides
from sereno.core.errors import SerenoError, UsageError
from sereno.outside.docker import EngineState
from sereno.serve.native.home import Home, State
from sereno.settings import Settings

ANSWERS = EngineState(True)
ABSENT = EngineState(False, problem="no such file")
DENIED = EngineState(False, denied=True)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda state: monkeypatch.setattr(module, "engine_state", lambda: state)


def test_compose_is_chosen_where_an_engine_answers(engine) -> None:  # type: ignore[no-untyped-def]
    engine(ANSWERS)
    assert choose_platform(None, None) == "compose"


def test_native_is_chosen_where_there_is_no_engine(engine) -> None:  # type: ignore[no-untyped-def]
    engine(ABSENT)
    assert choose_platform(None, None) == "native"


def test_an_engine_that_denies_permission_is_never_passed_over(engine) -> None:  # type: ignore[no-untyped-def]
    engine(DENIED)
    with pytest.raises(SerenoError, match="denies this user permission") as refusal:
        choose_platform(None, None)
    assert "--on native" in refusal.value.next_step
    assert choose_platform("native", None) == "native"


def test_compose_without_an_engine_is_refused(engine) -> None:  # type: ignore[no-untyped-def]
    engine(ABSENT)
    with pytest.raises(SerenoError, match="no such file"):
        choose_platform("compose", None)


def test_what_was_chosen_is_kept_and_another_refused_with_the_way_to_move() -> None:
    before = State(platform="native", profile="standard")
    assert choose_platform(None, before) == choose_platform("native", before) == "native"
    with pytest.raises(UsageError, match="runs on native") as refusal:
        choose_platform("compose", before)
    assert "down --erase" in refusal.value.next_step


def test_ports_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERENO_PORTS", '{"prometheus": 19090}')
    assert port_overrides() == {"prometheus": 19090}
    monkeypatch.delenv("SERENO_PORTS")
    assert port_overrides() == {}


@pytest.mark.parametrize("text", ["[]", "{", '{"prometheus": "many"}'])
def test_what_is_no_object_of_ports_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERENO_PORTS", text)
    with pytest.raises(UsageError, match="SERENO_PORTS"):
        port_overrides()


def test_whoever_forgets_sudo_is_told_so(tmp_path: Path) -> None:
    roots = tmp_path / "roots"
    roots.mkdir()
    (roots / "state.json").write_text("{}")
    clone = tmp_path / "clone"
    mine = Here(root=clone, home=Home(clone / "var"), settings=Settings())
    with pytest.raises(SerenoError, match="set up here by root") as refusal:
        mine.refuse_beside_roots(roots)
    assert "sudo ./sereno" in refusal.value.next_step
    mine.refuse_beside_roots(tmp_path / "elsewhere")
    Here(root=clone, home=Home(tmp_path / "second"), settings=Settings()).refuse_beside_roots(roots)
