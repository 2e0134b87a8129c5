"""`./sereno watch`: what may be typed, and what the documentation types."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.equipment.desk import memory_database

from sereno.cli import main_group
from sereno.cli import watch as command
from sereno.core.errors import UsageError
from sereno.database.session import Database
from sereno.settings import Settings
from sereno.watch.probes import store
from sereno.watch.probes.stored import NameTaken

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "docs" / name for name in ("probes.md", "probes.es.md")]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """The desk's database as the platform would give it."""
    made = memory_database()
    monkeypatch.setenv("SERENO_SECRETS", str(tmp_path))
    monkeypatch.setenv("SERENO_INNER", "prometheus:9090")
    monkeypatch.setenv("SERENO_PROMETHEUS_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(command, "open_database", lambda *_arguments, **_options: made)
    return made


def typed(*words: str) -> str:
    done = CliRunner().invoke(command.watch, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def names(database: Database) -> list[str]:
    with database.unit_of_work() as session:
        return [each.probe.name for each in store.stored_probes(session)]


def test_a_target_is_all_that_is_needed(database: Database) -> None:
    typed("http://127.0.0.1:7999/")
    typed("http://127.0.0.1:7999/other")
    assert names(database) == ["probe-127-0-0-1", "probe-127-0-0-1-2"]
    listed = typed("--list")
    assert "http://127.0.0.1:7999/other" in listed and "none yet" in listed
    typed("--remove", "probe-127-0-0-1")
    assert names(database) == ["probe-127-0-0-1-2"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["http://127.0.0.1/", "--list"],
        ["--list", "--remove", "site"],
        ["--examples", "--list"],
        ["http://127.0.0.1:9090/"],
        ["http://127.0.0.1/", "--interval", "1s"],
        ["http://127.0.0.1/", "--name", "prometheus"],
    ],
)
def test_wrong_usage_is_refused_with_the_next_step(database: Database, words: list[str]) -> None:
    with pytest.raises((UsageError, NameTaken)) as caught:
        CliRunner().invoke(command.watch, words, catch_exceptions=False)
    assert caught.value.next_step
    assert names(database) == []


def test_the_classrooms_examples_ask_this_very_system_and_are_added_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERENO_NGINX_ADDRESS", "127.0.0.1:8443")
    typed("--examples")
    typed("--examples")
    assert names(database) == ["example-https-port", "example-sign-in"]
    with database.unit_of_work() as session:
        port, page = (each.probe for each in store.stored_probes(session))
    assert (port.kind, port.target, port.interval_seconds) == ("tcp", "127.0.0.1:8443", 15)
    assert (page.kind, page.target, page.verify) == ("http", "https://127.0.0.1:8443/login", False)
    assert "(example)" in page.title.en and "(ejemplo)" in page.title.es
    typed("--remove", "example-sign-in")
    assert names(database) == ["example-https-port"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_what_the_documentation_types_is_understood(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    lines = re.findall(r"^\./sereno watch (.+)$", text, re.MULTILINE)
    assert lines
    for line in lines:
        command.watch.make_context("watch", shlex.split(line), parent=main_group.make_context("./sereno", ["watch"]))
    for option in re.findall(r"`(--[a-z-]+)", text):
        assert option in {name for each in command.watch.params for name in each.opts} | {"--help"}, option
    tables = [tomllib.loads(block) for block in re.findall(r"```toml\n(.+?)```", text, re.DOTALL)]
    assert [set(table) for table in tables] == [{"probes"}, {"hosts"}]
    for table in tables:
        Settings.model_validate(table)


def test_both_documents_type_the_same() -> None:
    commands = [re.findall(r"```(.+?)```", each.read_text(encoding="utf-8"), re.DOTALL) for each in DOCUMENTS]
    assert commands[0] == commands[1]
