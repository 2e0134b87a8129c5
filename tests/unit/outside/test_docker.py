"""What is said of an engine that can't be used, with a stand-in for the command `docker`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.outside.compose_client import find_client
from sereno.outside.docker import Docker, engine_state


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, but for the shell."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_no_docker_at_all(programs: Path) -> None:
    state = engine_state()
    assert (state.answers, state.denied) == (False, False)
    assert state.problem == "the command docker is not installed"


def test_an_engine_that_denies_permission_is_told_apart(programs: Path) -> None:
    program(programs, "docker", "echo 'permission denied while trying to connect to the Docker daemon socket'; exit 1")
    state = engine_state()
    assert (state.answers, state.denied) == (False, True)


def test_an_engine_that_does_not_run_is_told_in_its_own_words(programs: Path) -> None:
    program(programs, "docker", "echo 'Cannot connect to the Docker daemon. Is it running?'; exit 1")
    state = engine_state()
    assert (state.answers, state.denied) == (False, False)
    assert state.problem == "Cannot connect to the Docker daemon. Is it running?"


def test_an_engine_without_compose_is_no_use(programs: Path) -> None:
    program(programs, "docker", '[ "$1" = version ] && echo 27.0 || exit 1')
    state = engine_state()
    assert not state.answers and "docker-compose" in state.problem


def test_an_engine_that_tells_nothing_of_its_containers_is_named(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker", '[ "$1" = ps ] && echo a1b2 || { echo "did not end in time"; exit 1; }')
    with pytest.raises(SerenoError, match="the Docker Engine does not answer") as caught:
        Docker(tmp_path, "docker").containers()
    assert caught.value.log_tail == "did not end in time"


def test_an_engine_that_is_too_busy_is_not_told_to_be_down(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker", '[ "$1" = ps ] && echo a1b2 || exit 124')
    with pytest.raises(SerenoError, match="too busy") as caught:
        Docker(tmp_path, "docker").containers()
    assert "./sereno up again" in caught.value.next_step


V1 = 'case "$*" in *version*) echo 1.29.2 ;; esac'
V2 = '[ "$1" = compose ] && echo v2.26.1-4'


@pytest.mark.parametrize(
    ("standalone", "plugin", "made_by", "chosen"),
    [
        (V1, V2, "", ("docker-compose",)),
        (V1, V2, "1.29.2", ("docker-compose",)),
        (V1, V2, "2.26.1", ("docker", "compose")),
        (None, V2, "1.29.2", ("docker", "compose")),
        ("echo 1.25.0", V2, "", ("docker", "compose")),
        ("echo 1.25.0", None, "", None),
        ('case "$*" in *version*) echo 1.29.2 ;; *) exit 1 ;; esac', V2, "", ("docker", "compose")),
        (None, None, "", None),
    ],
    ids=[
        "the seed's word goes first",
        "what made the containers goes on with them",
        "also when that is the second generation",
        "another generation is better than none",
        "too old a one is passed over",
        "too old a one alone is none",
        "one that the engine no longer understands is passed over",
        "none",
    ],
)
def test_the_client_is_chosen(
    programs: Path, standalone: str | None, plugin: str | None, made_by: str, chosen: tuple[str, ...] | None
) -> None:
    if standalone is not None:
        program(programs, "docker-compose", standalone)
    if plugin is not None:
        program(programs, "docker", plugin)
    assert find_client(made_by) == chosen
