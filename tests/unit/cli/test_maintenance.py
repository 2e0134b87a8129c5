"""`./sereno maintenance`, as it runs beside the desk."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.equipment.desk import memory_database

from sereno.cli import main_group
from sereno.cli import maintenance as command

ROOT = Path(__file__).parents[3]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = memory_database()
    monkeypatch.setenv("SERENO_SECRETS", str(tmp_path))
    monkeypatch.setattr(command, "open_database", lambda *_arguments, **_options: made)

    def typed(*arguments: str) -> Result:
        return CliRunner().invoke(main_group, ["maintenance", *arguments])

    return typed


def test_one_is_planned_listed_and_cancelled(run: Run) -> None:
    added = run("add", "New disk", "--component", "mysql", "--from", "2099-11-25T02:00Z", "--for", "1h", "--json")
    assert added.exit_code == 0, added.output
    told = json.loads(added.stdout)
    assert (told["phase"], told["ends_at"], told["components"]) == ("planned", "2099-11-25T03:00:00Z", ["mysql"])
    assert "New disk" in run("list").stdout
    assert run("end", "1").exit_code == 1
    assert json.loads(run("cancel", "1", "--json").stdout)["phase"] == "cancelled"
    assert json.loads(run("list", "--json").stdout)[0]["title"] == "New disk"


def test_one_that_begins_now_is_ended(run: Run) -> None:
    assert run("add", "Now", "--component", "*", "--for", "30m").exit_code == 0
    assert "is over" in run("end", "1").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--component", "mysql"),
        ("--component", "mysql", "--for", "1h", "--to", "2099-11-25T02:00Z"),
        ("--component", "mysql", "--for", "soon"),
        ("--component", "mysql", "--to", "2099-11-25T02:00"),
        ("--component", "typing-error", "--for", "1h"),
        ("--for", "1h"),
    ],
)
def test_what_is_wrongly_typed_is_told_and_plans_nothing(run: Run, arguments: tuple[str, ...]) -> None:
    answer = run("add", "x", *arguments)
    assert answer.exit_code == 2
    assert json.loads(run("list", "--json").stdout) == []


@pytest.mark.parametrize("name", ["maintenance.md", "maintenance.es.md"])
def test_what_the_documentation_types_is_understood(run: Run, name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    lines = re.findall(r"^\./sereno maintenance (.+)$", text, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["add", "list", "end", "cancel"]
    assert [run(*shlex.split(line, comments=True)).exit_code for line in lines[:2]] == [0, 0]
    # The first is planned and there is no second: both are refused for what they are, not for how they are typed.
    assert [run(*shlex.split(line, comments=True)).exit_code for line in lines[2:]] == [1, 1]
    for option in set(re.findall(r"`(--[a-z-]+)", text)):
        assert option in run("add", "--help").stdout
