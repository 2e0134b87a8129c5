"""Commands that work on what the desk stores: run where its database and secrets can be reached."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING, Any

import click

from sereno.wiring import Surroundings, open_database

# Beside the desk memory is short, and a command loads only what it needs there.
if TYPE_CHECKING:
    from sereno.database.session import Database
    from sereno.guard.model import Actor

_MARK = "SERENO_SECRETS"
"""The platform gives this to the desk's processes; where it is set, the database can be reached."""


class DeskCommand(click.Command):
    """A command that, typed anywhere else, is handed to the platform, which runs it beside the desk.

    What was typed is checked first, so that help and wrong usage are told without a running stack.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_MARK] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        if _MARK in os.environ:
            return super().invoke(ctx)
        # A command of its own stands below the program itself, whose name is not part of what is handed over.
        group = ctx.parent.info_name if ctx.parent is not None and ctx.parent.parent is not None else None
        arguments = [*([group] if group else []), self.name or "", *ctx.meta[_MARK]]
        from sereno.cli.here import Here

        return ctx.exit(Here.from_environment().chosen_platform().run_desk(arguments))


def desk_database() -> Database:
    """The desk's database, by the environment that the platform gave. Raises SettingsError when a secret is missing."""
    return open_database(Surroundings.from_environment(os.environ), pool_size=1)


def caller() -> Actor:
    """Who types, for the audit trail: the account of this machine, also behind sudo."""
    from sereno.guard.model import Actor

    name = os.environ.get("SUDO_USER") or _own_name()
    return Actor(f"cli:{name}", "local")


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())  # A container's user has a number and need not have a name.
