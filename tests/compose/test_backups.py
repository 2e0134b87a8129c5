"""Backups in Compose: made of MySQL, proven in the worker's 192 MB, restored over what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.equipment.compose import CommandLine, Stack, eventually
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError
from tests.equipment.stack import NativeStack

pytestmark = pytest.mark.compose


@pytest.fixture(scope="module")
def sereno(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    try:
        client = clients.compose_v1()
    except EquipmentError:
        client = clients.compose_v2(docker)
    stack = Stack(docker, client)
    line = CommandLine(stack, tmp_path_factory.mktemp("home"))
    try:
        line.must("up", "--on", "compose", "--yes")
        yield line
    finally:
        stack.close()


@pytest.fixture(scope="module")
def made(sereno: CommandLine) -> dict[str, Any]:
    sereno.must("user", "add", "carla", "--role", "operator")
    told: dict[str, Any] = json.loads(sereno.must("backup", "now", "--json"))
    return told


def names(sereno: CommandLine) -> set[str]:
    return {each["name"] for each in json.loads(sereno.must("user", "list", "--json"))}


def carried(sereno: CommandLine, name: str, folder: Path) -> Path:
    """The file, fetched from the volume as the documentation says."""
    worker = sereno.stack.id("worker")
    sereno.stack.docker("cp", f"{worker}:/var/lib/sereno/backups/{name}", str(folder / name))
    return folder / name


def test_a_backup_is_made_and_proven_within_the_workers_memory(sereno: CommandLine, made: dict[str, Any]) -> None:
    assert made["proof"]["good"], made
    assert made["rows"] > 3
    worker = sereno.stack.containers()["worker"]
    assert worker["HostConfig"]["Memory"] == 192 * 1024 * 1024
    assert not worker["State"]["OOMKilled"] and worker["RestartCount"] == 0
    (listed,) = json.loads(sereno.must("backup", "list", "--json"))
    assert listed["name"] == made["name"]


def test_the_webapp_sees_neither_backups_nor_what_they_hold(sereno: CommandLine, made: dict[str, Any]) -> None:
    for path in ("/var/lib/sereno/backups", "/run/sereno/secrets/backups"):
        said = sereno.stack.inside("webapp", "sh", "-c", f"ls {path}/* 2>&1 || true")
        assert "sereno-" not in said and "mysql-root-password" not in said


def test_what_another_machine_needs_is_in_the_file(sereno: CommandLine, made: dict[str, Any], tmp_path: Path) -> None:
    file = carried(sereno, made["name"], tmp_path)
    assert "is whole" in sereno.must("backup", "verify", str(file))
    said = sereno.stack.inside(
        "worker", "sh", "-c", f"tar xOf /var/lib/sereno/backups/{made['name']} home.tar.gz | tar tzf -"
    ).split()
    assert {"secrets/desk-secret-key", "secrets/grafana-secret-key", "tls/served"} <= set(said)
    assert "secrets/backup-passphrase" not in said


def test_it_moves_to_the_other_platform_and_back(sereno: CommandLine, made: dict[str, Any], tmp_path: Path) -> None:
    elsewhere = NativeStack()
    try:
        file = carried(sereno, made["name"], elsewhere.folder)
        elsewhere.must("backup", "restore", str(file), "--on", "native", "--yes")
        there = {each["name"] for each in json.loads(elsewhere.must("user", "list", "--json").out)}
        assert there == {"admin", "carla"}
        elsewhere.must("user", "add", "moved")
        back = json.loads(elsewhere.must("backup", "now", "--json").out)
        assert back["proof"]["good"]
        sereno.must("backup", "restore", back["file"], "--yes")
    finally:
        elsewhere.close()
    assert names(sereno) == {"admin", "carla", "moved"}


def test_it_is_restored_over_what_is_there_and_the_old_is_kept(
    sereno: CommandLine, made: dict[str, Any], tmp_path: Path
) -> None:
    sereno.must("user", "add", "later")
    file = carried(sereno, made["name"], tmp_path)
    done = json.loads(sereno.must("backup", "restore", str(file), "--yes", "--json"))
    assert names(sereno) == {"admin", "carla"}
    # One whose image has nothing to be asked with is judged by Prometheus, which has just begun to ask.
    assert eventually(lambda: {row["health"] for row in sereno.status().values()} == {"healthy"}, 90)
    assert "mysql" in sereno.stack.inside("mysql", "ls", done["old"])
