"""`./sereno token` as it is typed, on a database in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine

from sereno.cli import main_group
from sereno.core.clock import utc_now
from sereno.database.base import Base
from sereno.database.session import Database
from sereno.guard import audit, tokens
from sereno.guard import tables as tables
from sereno.guard.model import Role


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    monkeypatch.setenv("SERENO_DATABASE__URL", url)
    monkeypatch.setenv("SERENO_SECRETS", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "night-watch")
    return Database(engine)


def sereno(*arguments: str) -> Result:
    return CliRunner().invoke(main_group, ["token", *arguments])


def test_a_token_lives_on_the_command_line(database: Database) -> None:
    added = sereno("add", "deploy", "--scope", "incidents:write", "--scope", "read")
    assert added.exit_code == 0
    text = added.stdout.strip()
    assert text.startswith("srn_") and len(text.split()) == 1, "alone on standard output, ready for a pipe"
    assert "shown only now" in added.stderr and text not in added.stderr
    with database.unit_of_work() as session:
        found = tokens.identify(session, text, now=utc_now())
        assert found is not None and found[0].role is Role.OPERATOR
        (entry,) = audit.find(session, audit.Search())
        assert (entry.actor, entry.action, entry.subject) == ("cli:night-watch", "token.add", "token:deploy")
    assert "read incidents:write" in sereno("list").stdout and text not in sereno("list").stdout
    (listed,) = json.loads(sereno("list", "--json").stdout)
    assert (listed["name"], listed["state"], listed["made_by"]) == ("deploy", "active", "cli:night-watch")
    assert sereno("revoke", "Deploy").exit_code == 0
    with database.unit_of_work() as session:
        assert tokens.identify(session, text, now=utc_now()) is None


def test_json_gives_the_number_and_the_text(database: Database) -> None:
    made = json.loads(sereno("add", "ci", "--scope", "read", "--expires", "7", "--json").stdout)
    assert made["token"].startswith("srn_") and isinstance(made["id"], int) and made["scopes"] == ["read"]
    assert json.loads(sereno("revoke", "ci", "--json").stdout)["state"] == "revoked"


def test_one_that_never_ends_is_warned_of(database: Database) -> None:
    made = sereno("add", "ci", "--scope", "read", "--expires", "never", "--json")
    assert json.loads(made.stdout)["expires_at"] is None
    assert "never ends" in made.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["add", "ci"], 2, "--scope"),
        (["add", "ci", "--scope", "everything"], 2, "everything"),
        (["add", "ci", "--scope", "read", "--expires", "366"], 2, "never"),
        (["add", "ci", "--scope", "read", "--expires", "soon"], 2, "soon"),
        (["add", "two words", "--scope", "read"], 2, "cannot be the name"),
        (["add", "taken", "--scope", "read"], 1, "in use"),
        (["revoke", "nobody"], 1, "there is no token 'nobody'"),
    ],
)
def test_refusals_say_what_to_do(database: Database, arguments: list[str], code: int, said: str) -> None:
    sereno("add", "taken", "--scope", "read")
    result = sereno(*arguments)
    assert result.exit_code == code
    assert said in result.stderr and result.stdout == ""
