"""What a running system does with files and data that are wrong: told early, by name, and what runs goes on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import psutil
import pymysql
import pytest
from tests.equipment.stack import ROOT, NativeStack

from sereno.database.schema import head_revision


class OwnClone(NativeStack):
    """A stack that runs from a clone of its own, where users put their files."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self.folder / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.root)], check=True)

    def stamp(self, revision: str) -> None:
        """Have the database say that it has the schema `revision`."""
        with pymysql.connect(
            host="127.0.0.1", port=self.ports["mysql"], user="sereno", password=self.secret("mysql-app-password"),
            database="sereno", autocommit=True,
        ) as connection, connection.cursor() as cursor:  # fmt: skip
            cursor.execute("UPDATE alembic_version SET version_num = %s", (revision,))


@pytest.fixture(scope="module")
def stack() -> Iterator[OwnClone]:
    """Running; each test leaves it so."""
    stack = OwnClone()
    try:
        stack.up()
        yield stack
    finally:
        stack.close()


def test_a_wrong_rule_of_the_users_own_is_refused_by_file_and_line_and_nothing_changes(stack: OwnClone) -> None:
    rule = stack.root / "prometheus/rules/custom/mine.yml"
    rule.write_text("groups: [{name: mine, rules: [{alert: Broken, expr: 'up ='}]}]\n")
    before = stack.pid("prometheus")
    done = stack.sereno("up")
    rule.unlink()
    assert done.code == 1
    assert "prometheus refuses its configuration" in done.err
    assert "mine.yml" in done.err and "parse error" in done.err
    assert stack.pid("prometheus") == before
    assert stack.status()["prometheus"]["health"] == "healthy"
    stack.must("up")


def test_a_right_rule_is_taken_over_without_a_restart(stack: OwnClone) -> None:
    before = stack.pid("prometheus")
    rule = stack.root / "prometheus/rules/custom/mine.yml"
    rule.write_text("groups: [{name: mine, rules: [{record: mine:one, expr: vector(1)}]}]\n")
    told = stack.must("up").err
    assert "prometheus takes over its new configuration" in told
    assert stack.pid("prometheus") == before
    assert "mine" in {group["name"] for group in stack.prometheus("rules")["groups"]}
    rule.unlink()
    stack.must("up")


def test_a_wrong_server_of_the_users_own_is_refused_by_line_and_readers_notice_nothing(stack: OwnClone) -> None:
    snippet = stack.root / "docker/nginx/conf.d/mine.conf"
    snippet.write_text("server {\n    listen 127.0.0.1:1;\n    no_such_word on;\n}\n")
    before = stack.pid("nginx")
    done = stack.sereno("up")
    snippet.unlink()
    assert done.code == 1
    assert "nginx refuses its configuration" in done.err
    assert 'unknown directive "no_such_word"' in done.err and "mine.conf:3" in done.err
    assert stack.pid("nginx") == before
    assert stack.get("/healthz").status == 200
    assert stack.get("/").status == 200
    stack.must("up")
    assert not (stack.home / "etc/nginx/conf.d/mine.conf").exists()


def test_a_component_that_ends_again_and_again_is_named_early_with_its_last_words(stack: OwnClone) -> None:
    data, aside = stack.home / "data/alertmanager", stack.home / "data/alertmanager.aside"
    stack.must("stop", "alertmanager")
    data.rename(aside)
    data.write_text("a file where a folder should be")
    owner = aside.stat()
    done = stack.sereno("start", "alertmanager", seconds=60)
    data.unlink()
    aside.rename(data)
    assert data.stat().st_uid == owner.st_uid
    assert done.code == 1
    assert "alertmanager has ended" in done.err
    assert "not a directory" in done.err
    stack.must("up")
    assert stack.status()["alertmanager"]["health"] == "healthy"


def test_status_tells_versions_and_supervisors_own_row(stack: OwnClone) -> None:
    rows = {name: row for name, row in stack.status().items() if row["health"] != "absent"}
    assert all(row["version"] for row in rows.values()), rows
    assert rows["supervisor"]["memory_bytes"] > 0


def test_a_schema_of_a_later_program_is_told_by_up_with_both_numbers_and_what_to_do(stack: OwnClone) -> None:
    stack.stamp("9001")
    try:
        stack.must("stop", "webapp")
        done = stack.sereno("up")
    finally:
        stack.stamp(head_revision())
    assert done.code == 1
    assert "webapp is not ready" in done.err
    assert "9001" in done.err and head_revision() in done.err
    assert "restore the backup" in done.err
    stack.must("up")
    assert stack.get("/status.json").status == 200


def test_a_damaged_memory_of_what_was_decided_is_told_and_guesses_nothing(stack: OwnClone) -> None:
    file = stack.home / "state.json"
    kept = file.read_text()
    file.write_text(kept[: len(kept) // 2])
    done = stack.sereno("up")
    file.write_text(kept)
    assert done.code == 1
    assert "state.json is damaged" in done.err
    stack.must("up")


def test_the_settings_port_of_the_database_wins_over_the_remembered_one(stack: OwnClone) -> None:
    from tests.equipment.monitoring import free_port

    port = free_port()
    stack.environment["SERENO_DATABASE__PORT"] = str(port)
    stack.must("up")
    stack.ports["mysql"] = port
    assert json.loads((stack.home / "state.json").read_text())["ports"]["mysql"] == port
    assert port in {each.laddr.port for each in psutil.Process(stack.pid("mysql")).net_connections()}
    assert stack.get("/status.json").status == 200
