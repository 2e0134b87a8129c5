"""`./sereno maintenance`, as it runs beside the desk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.equipment.desk import memory_database

from sereno.cli import main_group
from sereno.cli import maintenance as command

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
