import os
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.serve.native.home import Home, State, write_whole


def test_what_was_decided_is_remembered(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.state() is None
    home.remember(State(platform="native", profile="small", ports={"mysql": 13306}))
    assert home.state() == State(platform="native", profile="small", ports={"mysql": 13306})


@pytest.mark.parametrize("text", ["", "{", '{"platform": "native"}', '{"platform": 1, "unknown": 2}'])
def test_a_damaged_state_is_refused_and_not_guessed_at(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(SerenoError, match="is damaged") as refusal:
        Home(tmp_path).state()
    assert refusal.value.next_step


def test_two_at_once_are_refused_and_the_holder_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.only_one(), pytest.raises(SerenoError, match=rf"\(pid {os.getpid()}\)"), Home(tmp_path).only_one():
        pass
    with home.only_one():
        pass


def test_a_file_is_written_whole_with_its_mode_and_left_alone_when_it_is_right(tmp_path: Path) -> None:
    file = tmp_path / "folder/secret"
    assert write_whole(file, "text", 0o600)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat().st_ino
    assert not write_whole(file, "text", 0o600)
    assert file.stat().st_ino == before
    assert write_whole(file, "other", 0o600)
    assert [each.name for each in file.parent.iterdir()] == ["secret"]
