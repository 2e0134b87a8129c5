"""`--lab` is decided at the first `up`: what it asks, what it adds once, and what it leaves alone."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sereno.cli import classroom, stack
from sereno.cli.console import Narrator
from sereno.cli.here import Here
from sereno.core.errors import UsageError
from sereno.serve.native import files
from sereno.serve.native.home import Home, State
from sereno.settings import Settings, load_settings


@pytest.fixture
def here(tmp_path: Path) -> Here:
    (tmp_path / "home").mkdir()
    return Here(root=tmp_path, home=Home(tmp_path / "home"), settings=Settings())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], list[str]]:
    """Puts somebody at a terminal who gives the answer; what they are asked comes into the list."""

    def answering(answer: bool) -> list[str]:
        questions: list[str] = []

        def confirm(words: str, *_arguments: object, **_options: object) -> bool:
            questions.append(words)
            return answer

        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr(classroom.click, "confirm", confirm)
        return questions

    return answering


class Desk:
    """Stands in for the command that runs beside the desk."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.typed: list[list[str]] = []

    def run(self, words: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        self.typed.append(words[3:])
        return subprocess.CompletedProcess(words, self.code)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(0)
    monkeypatch.setattr(classroom.subprocess, "run", made.run)
    return made


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


def test_who_wants_shorter_intervals_gets_them_as_a_setting(here: Here, asked: Callable[[bool], list[str]]) -> None:
    questions = asked(False)
    assert classroom.offer_shorter_intervals(here, Narrator(), yes=False)
    assert questions and "15s" in questions[0] and "5s" in questions[0]
    file = here.root / "sereno.toml"
    assert load_settings(file, {}).prometheus.scrape_interval == "5s"
    assert set(tomllib.loads(file.read_text())) == {"prometheus"}, "nothing else is decided"


def test_the_answer_holds_from_that_up_on(
    here: Here,
    asked: Callable[[bool], list[str]],
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[str] = []

    class Runs:
        def __init__(self, settings: Settings) -> None:
            self._settings = settings

        def up(self, _narrator: Narrator) -> None:
            ran.append(self._settings.prometheus.scrape_interval)

    asked(False)
    monkeypatch.setenv("SERENO_ROOT", str(here.root))
    monkeypatch.setenv("SERENO_HOME", str(here.home.path))
    monkeypatch.setattr(stack, "choose_platform", lambda *_: "compose")
    monkeypatch.setattr(stack, "refuse_small_machine", lambda *_, **__: None)
    monkeypatch.setattr(Here, "platform", lambda self, _state: Runs(self.settings))
    up: Callable[..., None] = stack.up.callback  # type: ignore[assignment]
    up(on=None, lab=True, yes=False)
    up(on=None, lab=True, yes=False)
    assert ran == ["5s", "5s"]
    assert desk.typed == [["watch", "--examples"]]
    assert capsys.readouterr().out.count("measured every 5s") == 2


def test_who_is_content_keeps_the_seeds_intervals(here: Here, asked: Callable[[bool], list[str]]) -> None:
    assert asked(True) == []
    assert not classroom.offer_shorter_intervals(here, Narrator(), yes=False)
    assert not (here.root / "sereno.toml").exists()


def test_yes_keeps_the_seeds_intervals_and_asks_nothing(here: Here, asked: Callable[[bool], list[str]]) -> None:
    questions = asked(False)
    assert not classroom.offer_shorter_intervals(here, Narrator(), yes=True)
    assert (questions, (here.root / "sereno.toml").exists()) == ([], False)


def test_without_a_terminal_the_seeds_intervals_stay(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert not classroom.offer_shorter_intervals(here, Narrator(), yes=False)
    assert not (here.root / "sereno.toml").exists()


def test_settings_that_are_there_are_not_asked_about(here: Here, asked: Callable[[bool], list[str]]) -> None:
    questions = asked(False)
    (here.root / "sereno.toml").write_text("# mine\n")
    assert not classroom.offer_shorter_intervals(here, Narrator(), yes=False)
    assert (questions, (here.root / "sereno.toml").read_text()) == ([], "# mine\n")


def test_examples_are_given_once_in_a_homes_life(here: Here, desk: Desk) -> None:
    classroom.give_examples(here, Narrator())
    classroom.give_examples(here, Narrator())
    assert desk.typed == [["watch", "--examples"]]
    files.erase(here.home)
    classroom.give_examples(here, Narrator())
    assert len(desk.typed) == 2, "an erased home begins anew"


def test_what_could_not_be_given_is_told_and_tried_again(
    here: Here, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.code = 1
    classroom.give_examples(here, Narrator())
    assert "the next ./sereno up tries again" in capsys.readouterr().err
    desk.code = 0
    classroom.give_examples(here, Narrator())
    assert len(desk.typed) == 2
