"""The command line: one module per room, one short function per command."""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Sequence

import click

from sereno import __version__
from sereno.cli.console import fail
from sereno.core.errors import SerenoError, UsageError

COMMANDS = {
    "up": "stack",
    "down": "stack",
    "status": "status",
    "logs": "stack",
    "start": "stack",
    "stop": "stack",
    "restart": "stack",
    "render": "render",
    "doctor": "doctor",
    "evidence": "evidence",
    "certificate": "certificate",
    "user": "user",
    "token": "token",
    "watch": "watch",
    "incident": "incident",
    "backup": "backup",
    "maintenance": "maintenance",
    "notify": "notify",
}
"""Command → the module of this package that has it; a module is imported only when it is needed."""


class Commands(click.Group):
    """Finds each command in its room's module, and turns what goes wrong into words and an exit code."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"sereno.cli.{COMMANDS[name]}"), name)
        return command

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except SerenoError as error:
            fail(error)
            sys.exit(2 if isinstance(error, UsageError) else 1)
        except BrokenPipeError:
            raise  # Whoever read has had enough; click ends quietly.
        except OSError as error:
            fail(in_words(error))
            sys.exit(1)


def in_words(error: OSError) -> SerenoError:
    """What the system refused, as people are told of everything else that goes wrong."""
    where = f"{error.filename}: " if error.filename else ""
    remedies = {
        errno.ENOSPC: "the disk is full: make room (./sereno doctor says how much there is), then run this again",
        errno.EDQUOT: "this user's share of the disk is used up: make room, then run this again",
        errno.EROFS: "the file system can only be read: dmesg says why it was mounted so",
        errno.EACCES: "run it as who ran the first ./sereno up (sudo, when that was root)",
        errno.EPERM: "run it as who ran the first ./sereno up (sudo, when that was root)",
    }
    return SerenoError(
        f"{where}{error.strerror or error}",
        next_step=remedies.get(error.errno or 0, "see what is there with ls -l, then run this again"),
    )


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or settings. Settings: sereno.example.toml.",
)
@click.version_option(__version__, prog_name="sereno")
def main_group() -> None:
    """A web service on one machine: served over HTTPS, measured, alerted on, explained.

    The two commands that a newcomer needs are `./sereno up` and `./sereno test`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with its exit code."""
    try:
        main_group(args=arguments, prog_name="./sereno")
    except KeyboardInterrupt:
        click.echo("\ninterrupted", err=True)
        sys.exit(130)
