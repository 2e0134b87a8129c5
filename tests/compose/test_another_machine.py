"""One server's backup, restored into an empty clone with an empty home on a machine where nothing has ever run."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.equipment.compose import CommandLine, Stack, certificate_in, eventually
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError

pytestmark = pytest.mark.compose

PASSPHRASE = "five words are easily remembered"
SETTINGS = """\
[status_page]
title = "Corner shop"
[backup]
folder = "{folder}"
passphrase_file = "passphrase.txt"
"""
OWN = {
    "prometheus/rules/custom/mine.yml": "groups: [{name: mine, rules: [{record: mine:one, expr: vector(1)}]}]\n",
    "prometheus/targets/mine.yml": "[{targets: ['nginx:8081'], labels: {mine: 'yes'}}]\n",
    "docker/nginx/conf.d/locations/mine.conf": "location /mine/ {\n    return 204;\n}\n",
}


def client(docker: Engine) -> list[str]:
    try:
        return clients.compose_v1()
    except EquipmentError:
        return clients.compose_v2(docker)


def names(line: CommandLine) -> set[str]:
    return {each["name"] for each in json.loads(line.must("user", "list", "--json"))}


def sign_in(line: CommandLine, password: str) -> int:
    return line.stack.ask("POST", "/api/v1/session", {"name": "carla", "password": password}).status


@dataclass
class Left:
    """What the first machine has left behind."""

    made: dict[str, Any]
    file: Path
    password: str
    certificate: str
    owner: int
    """Whose the folder of backups was."""


@pytest.fixture(scope="module")
def left(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """A server with settings, rules, targets and Nginx snippets of its own, backed up and then gone."""
    folder = tmp_path_factory.mktemp("disk") / "backups"
    stack = Stack(docker, client(docker))
    line = CommandLine(stack, tmp_path_factory.mktemp("home"))
    try:
        (stack.clone / "sereno.toml").write_text(SETTINGS.format(folder=folder))
        (stack.clone / "passphrase.txt").write_text(PASSPHRASE + "\n")
        for path, text in OWN.items():
            (stack.clone / path).write_text(text)
        line.must("up", "--on", "compose", "--yes")
        password = line.must("user", "add", "carla", "--role", "operator").strip()
        made = json.loads(line.must("backup", "now", "--json"))
        file = shutil.copy(folder / made["name"], tmp_path_factory.mktemp("carried"))
        return Left(made, Path(file), password, stack.served_certificate(), folder.stat().st_uid)
    finally:
        stack.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def restored(docker: Engine, left: Left, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    stack = Stack(docker, client(docker))
    line = CommandLine(stack, tmp_path_factory.mktemp("home"))
    phrase = tmp_path_factory.mktemp("phrase") / "phrase"
    phrase.write_text(PASSPHRASE)
    assert stack.docker("volume", "ls", "--quiet", "--filter", "name=docker_") == ""
    try:
        said = line.must(
            "backup", "restore", str(left.file), "--on", "compose", "--yes", "--passphrase-file", str(phrase)
        )
        assert f"restored {left.made['rows']} rows" in said
        yield line
    finally:
        stack.close()


def test_it_was_encrypted_proven_and_written_to_the_folder_of_the_settings(left: Left) -> None:
    assert left.made["sealed"] and left.made["proof"]["good"], left.made
    assert left.owner == 10001


def test_every_account_is_there_and_signs_in(restored: CommandLine, left: Left) -> None:
    assert names(restored) == {"admin", "carla"}
    assert sign_in(restored, left.password) in (200, 201, 204)


def test_settings_rules_targets_and_snippets_are_there_and_in_effect(restored: CommandLine) -> None:
    stack = restored.stack
    for path, text in OWN.items():
        file = stack.clone / path
        assert file.read_text() == text
        assert file.stat().st_uid == stack.clone.stat().st_uid
    assert "Corner shop" in stack.get("https://127.0.0.1:8443/").body
    assert stack.get("https://127.0.0.1:8443/mine/").status == 204
    assert '"mine"' in stack.get("http://127.0.0.1:9090/api/v1/rules").body
    assert '"mine":"yes"' in stack.get("http://127.0.0.1:9090/api/v1/targets").body


def test_the_certificate_that_readers_may_trust_by_now_is_the_same(restored: CommandLine, left: Left) -> None:
    assert eventually(lambda: restored.stack.served_certificate() == left.certificate, 30)
    assert certificate_in(restored.stack.folder / "nginx/ssl/cert.pem") == left.certificate


def test_the_next_backup_goes_on_with_the_same_folder_and_passphrase(restored: CommandLine) -> None:
    assert (restored.stack.clone / "passphrase.txt").stat().st_mode & 0o777 == 0o600
    made = json.loads(restored.must("backup", "now", "--json"))
    assert made["sealed"] and made["proof"]["good"], made
    assert eventually(lambda: {row["health"] for row in restored.status().values()} == {"healthy"}, 90)


def test_one_that_does_not_get_well_is_taken_back_with_its_certificate_and_settings(
    restored: CommandLine, left: Left
) -> None:
    stack = restored.stack
    settings = stack.clone / "sereno.toml"
    kept = settings.read_text()
    stack.as_student("bash", "generate-ssl.sh", "--force", folder=stack.folder / "nginx/ssl")
    settings.write_text(kept + "[site]\nhttps_port = 9443\n")
    restored.must("up")
    restored.must("user", "add", "later")
    later = certificate_in(stack.folder / "nginx/ssl/cert.pem")
    assert later != left.certificate
    # By now the port that the backup's settings name is somebody else's.
    with squatter(stack.engine, 8443):
        refused = restored.run("backup", "restore", str(left.file), "--yes")
    assert refused.returncode == 1
    assert "port 8443, which nginx needs, is taken by" in refused.stderr
    assert "the old is in its place again and runs" in refused.stderr
    assert names(restored) == {"admin", "carla", "later"}
    assert "9443" in settings.read_text()
    assert certificate_in(stack.folder / "nginx/ssl/cert.pem") == later
    assert eventually(lambda: served_at(stack, 9443) == later, 30)
    settings.write_text(kept)
    restored.must("up")


def served_at(stack: Stack, port: int) -> str:
    """The certificate that is shown at another port than usual, as base64 of its DER."""
    with stack.engine.network():
        pem = ssl.get_server_certificate(("127.0.0.1", port))
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()


@contextmanager
def squatter(engine: Engine, port: int) -> Iterator[None]:
    """Somebody else listens there on the host."""
    code = f"import socket, time; s = socket.create_server(('0.0.0.0', {port})); print(1, flush=True); time.sleep(900)"
    command = [*engine.prefix(), sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def test_a_pair_of_the_users_own_comes_back_to_where_the_settings_name_it(
    restored: CommandLine, tmp_path: Path
) -> None:
    stack = restored.stack
    own, settings = stack.clone / "own", stack.clone / "sereno.toml"
    kept = settings.read_text()
    stack.as_student("bash", "docker/nginx/ssl/generate-ssl.sh", "--into", str(own), folder=stack.clone)
    settings.write_text(kept + '[site]\ncertificate = "own/cert.pem"\nkey = "own/key.pem"\n')
    restored.must("up")
    mine = certificate_in(own / "cert.pem")
    assert eventually(lambda: stack.served_certificate() == mine, 30)
    made = json.loads(restored.must("backup", "now", "--json"))
    folder = Path(tomllib.loads(kept)["backup"]["folder"])
    file = shutil.copy(folder / made["name"], tmp_path)
    shutil.rmtree(own)
    settings.write_text(kept)
    restored.must("backup", "restore", str(file), "--yes")
    assert certificate_in(own / "cert.pem") == mine
    assert (own / "key.pem").stat().st_mode & 0o777 == 0o600
    assert (own / "key.pem").stat().st_uid == stack.clone.stat().st_uid
    assert eventually(lambda: stack.served_certificate() == mine, 30)


def test_a_folder_of_somebody_elses_is_refused_with_what_to_do(restored: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    settings = restored.stack.clone / "sereno.toml"
    kept = settings.read_text()
    settings.write_text(f'[backup]\nfolder = "{tmp_path}"\n')
    refused = restored.run("up")
    settings.write_text(kept)
    assert refused.returncode == 1
    assert "name an empty folder in it" in refused.stderr
    assert tmp_path.stat().st_uid == 0
    restored.must("up")
