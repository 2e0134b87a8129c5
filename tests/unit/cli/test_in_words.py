"""What the system refuses is told in words, with a next step, and ends with 1."""

from __future__ import annotations

import errno
import os

import click
import pytest
from click.testing import CliRunner

from sereno import cli
from sereno.cli import Commands, in_words


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "can only be read"),
        (errno.EACCES, "sudo"),
        (errno.ENOTDIR, "ls -l"),
    ],
)
def test_each_refusal_has_a_next_step(number: int, told: str) -> None:
    error = in_words(OSError(number, os.strerror(number), "/var/lib/sereno/state.json"))
    assert error.message == f"/var/lib/sereno/state.json: {os.strerror(number)}"
    assert told in error.next_step


def test_a_command_that_meets_one_ends_with_1_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def meets() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/root/x")

    monkeypatch.setattr(Commands, "get_command", lambda self, context, name: meets)
    done = CliRunner().invoke(cli.main_group, ["meets"])
    assert done.exit_code == 1
    assert "/root/x: Permission denied" in done.output
    assert "Traceback" not in done.output
