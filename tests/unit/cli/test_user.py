"""`./sereno user` as it is typed, on a database in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine

from sereno.cli import main_group
from sereno.database.base import Base
from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard import tables as tables


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    monkeypatch.setenv("SERENO_DATABASE__URL", url)
    monkeypatch.setenv("SERENO_SECRETS", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "night-watch")
    return url


def sereno(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main_group, ["user", *arguments], input=typed)


def listed() -> list[dict[str, object]]:
    return list(json.loads(sereno("list", "--json").stdout))


def test_an_account_lives_on_the_command_line(url: str) -> None:
    added = sereno("add", "Ana", "--role", "admin", "--language", "es")
    assert added.exit_code == 0
    password = added.stdout.strip()
    assert len(password.split("-")) == 5, "a password alone on standard output, ready for a pipe"
    assert "ana has been added" in added.stderr and "shown only now" in added.stderr
    assert "password to be changed" in sereno("list").stdout
    (ana,) = listed()
    assert (ana["name"], ana["role"], ana["language"], ana["disabled"]) == ("ana", "admin", "es", False)
    assert str(ana["created_at"]).endswith("Z")
    assert sereno("add", "bob", "--json").exit_code == 0
    assert sereno("edit", "bob", "--role", "admin", "--name", "Roberto").exit_code == 0
    assert sereno("edit", "ana", "--language", "none").exit_code == 0
    assert sereno("disable", "ANA").exit_code == 0
    assert [(user["name"], user["disabled"], user["language"]) for user in listed()] == [
        ("ana", True, None),
        ("roberto", False, None),
    ]
    assert sereno("enable", "ana").exit_code == 0
    reset = json.loads(sereno("reset", "ana", "--json").stdout)
    assert reset["password"] != password and reset["must_change_password"]
    assert sereno("delete", "roberto", "--yes").exit_code == 0
    assert [user["name"] for user in listed()] == ["ana"]


def test_the_trail_names_who_typed(url: str) -> None:
    sereno("add", "ana", "--role", "admin")
    database = Database(create_engine(url))
    with database.unit_of_work() as session:
        (entry,) = audit.find(session, audit.Search())
    assert (entry.actor, entry.address, entry.action) == ("cli:night-watch", "local", "user.add")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["delete", "ana", "--yes"], 1, "last active administrator"),
        (["disable", "ana"], 1, "last active administrator"),
        (["edit", "ana", "--role", "viewer"], 1, "last active administrator"),
        (["add", "ANA"], 1, "is taken"),
        (["add", "two words"], 2, "cannot be a user name"),
        (["reset", "nobody"], 1, "there is no user 'nobody'"),
        (["edit", "ana"], 2, "nothing to change"),
        (["add", "x2", "--role", "king"], 2, "king"),
    ],
)
def test_refusals_say_what_to_do(url: str, arguments: Sequence[str], code: int, said: str) -> None:
    sereno("add", "ana", "--role", "admin")
    result = sereno(*arguments)
    assert result.exit_code == code
    assert said in result.stderr and result.stdout == ""
    assert [user["name"] for user in listed()] == ["ana"]


def test_deleting_asks_first(url: str) -> None:
    sereno("add", "ana", "--role", "admin")
    sereno("add", "bob")
    assert sereno("delete", "bob", typed="n\n").exit_code == 1
    assert len(listed()) == 2
    assert sereno("delete", "bob", typed="y\n").exit_code == 0
    assert len(listed()) == 1


def test_a_disabled_account_that_is_reset_is_pointed_out(url: str) -> None:
    sereno("add", "ana", "--role", "admin")
    sereno("add", "bob")
    sereno("disable", "bob")
    assert "./sereno user enable bob" in sereno("reset", "bob").stderr


def test_elsewhere_the_command_is_handed_to_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Sequence[str]] = []

    class Platform:
        def run_desk(self, arguments: Sequence[str]) -> int:
            handed.append(arguments)
            return 7

    class Elsewhere:
        @classmethod
        def from_environment(cls) -> Elsewhere:
            return cls()

        def chosen_platform(self) -> Platform:
            return Platform()

    monkeypatch.delenv("SERENO_SECRETS", raising=False)
    monkeypatch.setattr("sereno.cli.here.Here", Elsewhere)
    result = sereno("add", "ana", "--role", "operator")
    assert result.exit_code == 7
    assert handed == [["user", "add", "ana", "--role", "operator"]]
    assert sereno("add", "--help").exit_code == 0
    assert sereno("add").exit_code == 2
    assert len(handed) == 1, "help and wrong usage need no stack"
