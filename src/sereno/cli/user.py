"""`./sereno user`: accounts from the server's own command line, also when nobody can sign in any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand, caller, desk_database
from sereno.core.clock import rfc3339, utc_now
from sereno.core.text import LANGUAGES
from sereno.database.retry import in_one_transaction
from sereno.guard import service
from sereno.guard.model import Role, User, UserChange

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_Answer = TypeVar("_Answer")

ROLE = click.Choice([role.value for role in Role])
as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def user() -> None:
    """Accounts of the desk: who may sign in, and what they may do."""


@user.command("list", cls=DeskCommand)
@as_json
def list_users(as_json: bool) -> None:
    """Show all accounts."""
    users = _transact(service.users)
    if as_json:
        show_json([_told(each) for each in users])
    else:
        show_table(("name", "role", "state", "language", "last sign-in"), [_cells(each) for each in users])


@user.command(cls=DeskCommand)
@click.argument("name")
@click.option("--role", type=ROLE, default=Role.VIEWER.value, show_default=True, help="What it may do.")
@click.option("--language", type=click.Choice(LANGUAGES), help="In which it is greeted.")
@as_json
def add(name: str, role: str, language: str | None, as_json: bool) -> None:
    """Add an account; its password is made up and shown once."""
    added, password = _transact(
        lambda session: service.add_user(
            session, name=name, role=Role(role), language=language, actor=caller(), now=utc_now()
        )
    )
    _show(added, as_json=as_json, words=f"{added.name} has been added", password=password)


@user.command(cls=DeskCommand)
@click.argument("name")
@click.option("--name", "new_name", help="Another user name.")
@click.option("--role", type=ROLE, help="Another role.")
@click.option("--language", type=click.Choice([*LANGUAGES, "none"]), help="In which it is greeted.")
@as_json
def edit(name: str, new_name: str | None, role: str | None, language: str | None, as_json: bool) -> None:
    """Change an account's name, role or language."""
    change = UserChange(
        name=new_name, role=Role(role) if role else None, language="" if language == "none" else language
    )
    if change == UserChange():
        raise click.UsageError("nothing to change: give --name, --role or --language")
    _show(_change(name, change), as_json=as_json, words="saved")


@user.command(cls=DeskCommand)
@click.argument("name")
@as_json
def disable(name: str, as_json: bool) -> None:
    """Close an account and sign it out everywhere."""
    _show(_change(name, UserChange(disabled=True)), as_json=as_json, words="disabled, and signed out everywhere")


@user.command(cls=DeskCommand)
@click.argument("name")
@as_json
def enable(name: str, as_json: bool) -> None:
    """Open a disabled account again."""
    _show(_change(name, UserChange(disabled=False)), as_json=as_json, words="enabled")


@user.command(cls=DeskCommand)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@as_json
def delete(name: str, yes: bool, as_json: bool) -> None:
    """Remove an account for good. Asks first."""
    if not yes:
        click.confirm(f"Remove {name} and its sessions for good?", abort=True, err=True)

    def work(session: Session) -> User:
        found = service.user_named(session, name)
        return service.delete_user(session, found.id, actor=caller(), now=utc_now())

    _show(_transact(work), as_json=as_json, words="deleted")


@user.command(cls=DeskCommand)
@click.argument("name")
@as_json
def reset(name: str, as_json: bool) -> None:
    """Give an account a new password when the old one is lost; shown once. Also ends its sessions and any waiting."""

    def work(session: Session) -> tuple[User, str]:
        found = service.user_named(session, name)
        return service.reset_password(session, found.id, actor=caller(), now=utc_now())

    found, password = _transact(work)
    _show(found, as_json=as_json, words=f"the password of {found.name} has been reset", password=password)
    if found.disabled:
        click.echo(f"note: {found.name} is disabled; next: ./sereno user enable {found.name}", err=True)


def _transact(work: Callable[[Session], _Answer]) -> _Answer:
    return in_one_transaction(desk_database(), work)


def _change(name: str, change: UserChange) -> User:
    def work(session: Session) -> User:
        found = service.user_named(session, name)
        return service.change_user(session, found.id, change, actor=caller(), now=utc_now())

    return _transact(work)


def _show(user: User, *, as_json: bool, words: str, password: str | None = None) -> None:
    """The outcome: JSON, or words on standard error and a password alone on standard output."""
    if as_json:
        show_json({**_told(user), **({} if password is None else {"password": password})})
        return
    click.echo(words, err=True)
    if password is not None:
        click.echo("the password, shown only now and to be changed at the first sign-in:", err=True)
        click.echo(password)


def _told(user: User) -> dict[str, Any]:
    """The account with the members that the API gives it."""
    return {field.name: _plain(getattr(user, field.name)) for field in fields(user)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.value if isinstance(value, Enum) else value


def _cells(user: User) -> tuple[str, ...]:
    state = "disabled" if user.disabled else "password to be changed" if user.must_change_password else "active"
    last = f"{user.last_sign_in_at:%Y-%m-%d %H:%M} UTC" if user.last_sign_in_at else "-"
    return user.name, user.role.value, state, user.language or "-", last
