"""`./sereno token`: API tokens, from the command line of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand, caller, desk_database
from sereno.core.clock import rfc3339, utc_now
from sereno.database.retry import in_one_transaction
from sereno.guard import tokens
from sereno.guard.scopes import DEFAULT_DAYS, LONGEST_DAYS, Scope
from sereno.guard.tokens import COMMAND_LINE, Token

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_Answer = TypeVar("_Answer")

NEVER = "never"
as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


class _Days(click.ParamType[int]):
    """A number of days, or `never`, which is 0."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == NEVER:
            return 0
        try:
            return click.IntRange(1, LONGEST_DAYS).convert(value, param, ctx)
        except click.BadParameter as error:
            raise click.BadParameter(f"{error.message} Or write {NEVER}.", ctx, param) from error


@click.group()
def token() -> None:
    """API tokens: what programs show the desk, with what each may do."""


@token.command(cls=DeskCommand)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="What it may do; give it again for more.",
)
@click.option(
    "--expires",
    "days",
    type=_Days(),
    default=DEFAULT_DAYS,
    show_default=True,
    metavar="DAYS",
    help=f"1 to {LONGEST_DAYS}, or never.",
)
@as_json
def add(name: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token; its text is shown once, on standard output."""
    made, text = _transact(
        lambda session: tokens.make(
            session, name=name, scopes=scopes, days=days or None, maker=COMMAND_LINE, actor=caller(), now=utc_now()
        )
    )
    if made.expires_at is None:
        click.echo("warning: this token never ends; revoke it when nothing uses it any more", err=True)
    if as_json:
        show_json({**_told(made), "token": text})
        return
    click.echo(f"the token {made.name} has been made ({_end(made)}); its text is shown only now:", err=True)
    click.echo(text)


@token.command("list", cls=DeskCommand)
@as_json
def list_tokens(as_json: bool) -> None:
    """Show all tokens, newest first, those that have ended too."""
    found = _transact(lambda session: tokens.tokens(session, COMMAND_LINE))
    if as_json:
        show_json([_told(each) for each in found])
    else:
        show_table(("id", "name", "state", "scopes", "made by", "ends", "last used"), [_cells(each) for each in found])


@token.command(cls=DeskCommand)
@click.argument("name")
@as_json
def revoke(name: str, as_json: bool) -> None:
    """End a token at once and for good."""

    def work(session: Session) -> Token:
        found = tokens.token_named(session, name)
        return tokens.revoke(session, found.id, COMMAND_LINE, actor=caller(), now=utc_now())

    gone = _transact(work)
    if as_json:
        show_json(_told(gone))
    else:
        click.echo(f"the token {gone.name} has been revoked", err=True)


def _transact(work: Callable[[Session], _Answer]) -> _Answer:
    return in_one_transaction(desk_database(), work)


def _told(made: Token) -> dict[str, Any]:
    """The token with the members that the API gives it."""
    values = {field.name: getattr(made, field.name) for field in fields(made)}
    plain = {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in values.items()}
    return plain | {"scopes": list(made.scopes), "role": made.role.value, "state": made.state(utc_now())}


def _cells(made: Token) -> tuple[str, ...]:
    used = "-" if made.last_used_at is None else f"{made.last_used_at:%Y-%m-%d %H:%M} UTC from {made.last_address}"
    return str(made.id), made.name, made.state(utc_now()), " ".join(made.scopes), made.made_by, _end(made), used


def _end(made: Token) -> str:
    return "never ends" if made.expires_at is None else f"ends {made.expires_at:%Y-%m-%d %H:%M} UTC"
