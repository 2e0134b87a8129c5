"""Installing by sudo: what is asked of root, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.outside import by_sudo, packages, root_tasks

SUDO = """#!/bin/sh
[ "$1" = -n ] && [ "$2" = true ] && exit {allowed}
printf '%s\\n' "$*" >> {log}
{then}
"""


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a program named sudo before all others; what it is asked for is written into the file that comes back."""

    def put(*, allowed: bool, then: str = "exit 0") -> Path:
        asked = tmp_path / "asked"
        program = tmp_path / "bin/sudo"
        program.parent.mkdir()
        program.write_text(SUDO.format(allowed=0 if allowed else 1, log=asked, then=then))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return asked

    return put


def test_packages_and_units_are_handed_to_root(sudo: Callable[..., Path], tmp_path: Path) -> None:
    asked = sudo(allowed=True)
    by_sudo.PackagesBySudo().install(["nginx-light", "prometheus"], ["nginx.service"], tmp_path / "apt.log", print)
    words = asked.read_text()
    assert f"sereno.outside.root_tasks packages --log {tmp_path}/apt.log" in words
    assert words.strip().endswith("--unit nginx.service nginx-light prometheus")


def test_what_fails_there_fails_here_with_the_same_words(sudo: Callable[..., Path], tmp_path: Path) -> None:
    told = json.dumps({"message": "apt-get failed", "next_step": "check the network", "log_tail": "E: Unable"})
    sudo(allowed=True, then=f"echo '{told}'; exit 1")
    with pytest.raises(SerenoError, match="apt-get failed") as refusal:
        by_sudo.PackagesBySudo().install(["nginx-light"], [], tmp_path / "apt.log", print)
    assert refusal.value.next_step == "check the network"
    assert refusal.value.log_tail == "E: Unable"


def test_what_is_no_answer_of_ours_is_shown(sudo: Callable[..., Path], tmp_path: Path) -> None:
    sudo(allowed=True, then="echo 'sudo: unable to resolve host'; exit 1")
    with pytest.raises(SerenoError, match="by sudo failed") as refusal:
        by_sudo.install_grafana(tmp_path / "grafana.log")
    assert refusal.value.log_tail == "sudo: unable to resolve host"


def test_who_may_not_use_sudo_is_told_what_to_type(
    sudo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = sudo(allowed=False)
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(SerenoError) as refusal:
        by_sudo.PackagesBySudo().install(["nginx-light"], ["nginx.service"], tmp_path / "apt.log", print)
    assert "nginx-light" in str(refusal.value)
    assert "sudo" in refusal.value.next_step
    assert not asked.exists()


def test_the_task_installs_what_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(root_tasks.Packages, "install", lambda self, *all_of_it: seen.extend(all_of_it))
    log = tmp_path / "apt.log"
    command = ["packages", "--log", str(log), "--unit", "nginx.service", "--unit", "mariadb.service", "nginx-light"]
    assert root_tasks.main(command) == 0
    assert seen == [["nginx-light"], ["nginx.service", "mariadb.service"], log, root_tasks._tell]


def test_a_failing_task_says_so_for_its_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise SerenoError("no network", next_step="plug it in", log_tail="E: x")

    monkeypatch.setattr(root_tasks, "install_from", fail)
    assert root_tasks.main(["grafana", "--log", str(tmp_path / "log")]) == 1
    error = by_sudo.failure(capsys.readouterr().out)
    assert (error.message, error.next_step, error.log_tail) == ("no network", "plug it in", "E: x")
