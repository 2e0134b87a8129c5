"""What the terminal shows: results on standard output, narration on standard error, errors with their next step."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import click

from sereno.core.errors import SerenoError


class Narrator:
    """Tells on standard error what happens, and how long each step took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def step(self, words: str) -> None:
        """A step begins; the seconds since the command began stand before it."""
        click.echo(f"[{time.monotonic() - self._began:5.1f} s] {words} …", err=True)

    def say(self, words: str) -> None:
        """A fact worth knowing."""
        click.echo(f"          {words}", err=True)

    def tell(self, error: SerenoError) -> None:
        """An error after which the command goes on."""
        fail(error)


def fail(error: SerenoError) -> None:
    """Tell an error: the log's last lines where they help, what is wrong, what to do."""
    if error.log_tail:
        click.echo("\n".join(f"  | {line}" for line in error.log_tail.splitlines()), err=True)
    click.echo(click.style("error: ", fg="red", bold=True) + error.message, err=True)
    if error.next_step:
        click.echo(click.style("next:  ", bold=True) + error.next_step, err=True)


def show_json(value: Any) -> None:
    """A result for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A result for people: columns as wide as they need."""
    lines = [list(heads), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
