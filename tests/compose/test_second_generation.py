"""Compose 2, without the seed's step 4, in the small profile: MariaDB; and what can be wrong with a clone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.equipment.compose import CommandLine, Stack, eventually

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.compose.environment import SMALL, merged

pytestmark = pytest.mark.compose

NAMES = {component.name for component in CATALOGUE}


@contextmanager
def environment(stack: Stack, text: str) -> Iterator[None]:
    """`docker/.env` with this text."""
    file = stack.folder / ".env"
    file.write_text(text)
    try:
        yield
    finally:
        file.unlink()


def prepared(stack: Stack) -> tuple[int, str]:
    """Run the one-shot alone: its exit code and what it says."""
    stack.compose("up", "-d", "--force-recreate", "prepare")
    assert eventually(lambda: stack.containers()["prepare"]["State"]["Status"] == "exited")
    state = stack.containers()["prepare"]
    return int(state["State"]["ExitCode"]), stack.engine.run(["docker", "logs", state["Id"]]).stdout


def test_a_clone_that_only_its_owner_can_read_is_refused_with_the_remedy(second_generation: Stack) -> None:
    file = second_generation.clone / "prometheus/prometheus.yml"
    file.chmod(0o600)
    code, said = prepared(second_generation)
    file.chmod(0o644)
    assert code == 1
    assert "prometheus/prometheus.yml has mode 600" in said and "chmod -R o+rX" in said


def test_the_known_password_is_refused_where_others_could_use_it(second_generation: Stack) -> None:
    with environment(second_generation, "SERENO_LAB=1\nSERENO_OPERATOR_BIND=0.0.0.0\n"):
        code, said = prepared(second_generation)
    assert code == 2
    assert "known password" in said and "docker/.env" in said


def test_a_mistake_in_the_settings_is_told_before_anything_starts(second_generation: Stack) -> None:
    file = second_generation.clone / "sereno.toml"
    file.write_text("[site]\nhttp_prot = 8080\n")
    code, said = prepared(second_generation)
    file.unlink()
    assert code == 2
    assert "site.http_prot is not a setting; did you mean site.http_port?" in said


def test_settings_that_only_their_owner_can_read_reach_the_desk(second_generation: Stack) -> None:
    file = second_generation.clone / "sereno.toml"
    file.write_text('[status_page]\ntitle = "Taller"\n')
    file.chmod(0o600)
    assert prepared(second_generation)[0] == 0
    volume = second_generation.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "docker_settings")
    brought = Path(volume) / "sereno.toml"
    assert "Taller" in brought.read_text()
    assert (brought.stat().st_uid, brought.stat().st_mode & 0o777) == (10001, 0o400)


@pytest.mark.parametrize("lines", [{}, SMALL], ids=["mysql", "mariadb"])
def test_a_first_start_that_was_killed_half_way_is_made_good(second_generation: Stack, lines: dict[str, str]) -> None:
    stack = second_generation
    with environment(stack, merged("", lines)):
        assert prepared(stack)[0] == 0
        stack.compose("create", "--no-build", "mysql")
        volume = Path(stack.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "docker_mysql-data"))
        stack.docker("start", stack.id("mysql"))
        assert eventually(lambda: (volume / "data.new").exists() or (volume / "data").exists(), 20)
        assert not (volume / "data").exists(), "too late to kill it half-way"
        os.kill(stack.containers()["mysql"]["State"]["Pid"], 9)
        assert eventually(lambda: stack.is_healthy("mysql"), 90), stack.docker("logs", stack.id("mysql"))
        assert not (volume / "data.new").exists()
        stack.compose("down")
        stack.docker("volume", "rm", "docker_mysql-data")


@pytest.fixture(scope="module")
def small(second_generation: Stack) -> Stack:
    """All services up, by `docker compose up -d` alone."""
    (second_generation.folder / ".env").write_text(merged("", SMALL))
    second_generation.up()
    return second_generation


def test_the_title_of_the_settings_is_on_the_page(small: Stack) -> None:
    def page() -> str:
        return small.get("https://127.0.0.1:8443/").body

    # Compose has started Nginx, and does not wait until it answers.
    assert eventually(lambda: "Taller" in page()), page()


def test_the_small_profile_runs_mariadb_in_192_mb(small: Stack) -> None:
    mysql = small.containers()["mysql"]
    assert mysql["Config"]["Image"] == "mariadb:11.8"
    assert mysql["HostConfig"]["Memory"] == 192 * 1024 * 1024
    assert "MariaDB" in small.docker("logs", small.id("mysql"))


def test_every_target_is_reached_in_the_small_profile_too(small: Stack) -> None:
    assert eventually(lambda: len(small.targets()) >= 11 and all(small.targets().values())), small.targets()


def test_every_service_becomes_healthy_without_step_4(small: Stack) -> None:
    assert eventually(lambda: all(small.is_healthy(name) for name in NAMES)), small.docker("ps", "--all")
    assert small.get("https://127.0.0.1:8443/").status == 200


def test_another_up_recreates_nothing(small: Stack) -> None:
    before = small.lives()
    small.up()
    assert small.lives() == before


def test_the_other_database_refuses_the_volume_in_words(small: Stack) -> None:
    small.compose("stop", "mysql")
    refused = small.engine.run(
        [*small.client, "run", "--rm", "--no-deps", "mysql"],
        cwd=small.folder, env={"SERENO_DATABASE_IMAGE": "mysql:8.4.11"}, check=False, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "holds a database of MariaDB, which MySQL cannot read" in refused.stdout + refused.stderr
    small.compose("start", "mysql")


def test_the_command_line_keeps_what_was_chosen_by_hand_also_when_nothing_runs(
    small: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    password = ["cat", "/run/sereno/secrets/desk/first-admin-password"]
    before = small.inside("webapp", *password)
    small.compose("down")
    line = CommandLine(small, tmp_path_factory.mktemp("home"))
    line.must("up", "--on", "compose", "--yes")
    assert line.status()["mysql"]["version"] == "11.8"
    assert small.inside("webapp", *password) == before
