"""`./sereno incident` as it is typed, on a database in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine

from sereno.cli import main_group
from sereno.database.base import Base


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    monkeypatch.setenv("SERENO_DATABASE__URL", url)
    monkeypatch.setenv("SERENO_SECRETS", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "night-watch")


def sereno(*arguments: str) -> Result:
    return CliRunner().invoke(main_group, ["incident", *arguments])


def read(arguments: Sequence[str]) -> Any:
    answer = sereno(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_an_incident_lives_on_the_command_line() -> None:
    made = read(["open", "The cable is cut", "--severity", "critical", "--component", "nginx", "--text", "by a digger"])
    number = str(made["id"])
    assert (made["state"], made["opened_by"], made["components"]) == ("open", "cli:night-watch", ["nginx"])
    assert read(["ack", number])["acknowledged_by"] == "cli:night-watch"
    assert read(["note", number, "called them"])["public"] is False
    assert read(["publish", number, "We are **on it**."])["public"] is True
    assert read(["resolve", number, "--text", "spliced"])["state"] == "resolved"
    assert read(["list"]) == {"items": []}
    assert [item["id"] for item in read(["list", "--state", "resolved", "--component", "nginx"])["items"]] == [
        made["id"]
    ]
    assert read(["reopen", number])["resolved_at"] is None
    shown = read(["show", number])
    assert [event["kind"] for event in shown["timeline"]] == [
        "opened", "acknowledged", "comment", "published", "resolved", "reopened",
    ]  # fmt: skip


def test_people_get_tables_and_refusals_in_words() -> None:
    number = str(read(["open", "Slow"])["id"])
    assert "Slow" in sereno("list").stdout
    assert sereno("ack", number).stdout == f"incident {number} is acknowledged\n"
    twice = sereno("ack", number)
    assert (twice.exit_code, "night-watch" in twice.stderr) == (1, True)
    assert "acknowledged" in sereno("show", number).stdout
    assert sereno("show", "4711").exit_code == 1
    assert sereno("resolve").exit_code == 2
