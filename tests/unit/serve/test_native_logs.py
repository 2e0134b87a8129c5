from __future__ import annotations

import time
from pathlib import Path

import pytest

from sereno.serve.native import logs
from sereno.serve.native.logs import read_logs, tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "nginx.log"
    file.write_text("one\ntwo\nthree\n")
    return file


def test_the_last_lines_are_shown(log: Path) -> None:
    assert list(read_logs({"nginx": log}, follow=False, lines=2, named=False)) == ["two", "three"]
    assert tail(log, 1) == "three"


def test_lines_of_several_bear_their_names(log: Path, tmp_path: Path) -> None:
    files = {"nginx": log, "prometheus": tmp_path / "none.log"}
    assert list(read_logs(files, follow=False, lines=1, named=True)) == ["nginx      | three"]


def test_following_goes_on_across_rotation(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_POLL_SECONDS", 0.01)
    lines = read_logs({"nginx": log}, follow=True, lines=1, named=False)
    assert next(lines) == "three"
    with log.open("a") as stream:
        stream.write("four\nlast of the old\n")
    assert next(lines) == "four"
    log.rename(log.with_suffix(".log.1"))
    log.write_text("first of the new\n")
    assert next(lines) == "last of the old"
    assert next(lines) == "first of the new"


def test_following_waits_for_the_end_of_a_line_and_for_a_log_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "late.log"
    writes = iter(["half ", "a line\n"])

    def write(_: float) -> None:
        with file.open("a") as stream:
            stream.write(next(writes))

    monkeypatch.setattr(time, "sleep", write)
    assert next(read_logs({"late": file}, follow=True, lines=5, named=False)) == "half a line"
