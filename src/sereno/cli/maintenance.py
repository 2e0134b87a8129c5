"""`./sereno maintenance`: plan, list, end and cancel scheduled maintenance."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand, caller
from sereno.core.clock import parse_rfc3339, rfc3339, utc_now
from sereno.core.errors import UsageError
from sereno.core.text import Text
from sereno.core.units import parse_duration
from sereno.respond.maintenance.model import Maintenance, Wanted
from sereno.respond.maintenance.service import Calendar
from sereno.wiring import Surroundings, open_database
from sereno.wiring.maintenance import open_calendar

as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def maintenance() -> None:
    """Scheduled maintenance: on the status page, silent in Alertmanager, left out of uptime."""


@maintenance.command("list", cls=DeskCommand)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many, newest first.")
@as_json
def list_all(limit: int, as_json: bool) -> None:
    """Show what is planned, runs, and was, the last planned first."""
    items = _calendar().page(limit=limit).items
    if as_json:
        show_json([_told(each) for each in items])
    else:
        show_table(("id", "state", "from (UTC)", "to (UTC)", "about", "title"), [_cells(each) for each in items])


@maintenance.command(cls=DeskCommand)
@click.argument("title")
@click.option("--component", multiple=True, required=True, help="What it is about (may be repeated); * for everything.")
@click.option("--from", "begins", default="now", show_default=True, help="2026-11-25T02:00Z, or now.")
@click.option("--to", "ends", help="2026-11-25T03:00Z.")
@click.option("--for", "length", help="Instead of --to: 30m, 2h, 1d.")
@click.option("--title-es", default="", help="The title in Spanish.")
@click.option("--text", default="", help="What people should know (Markdown).")
@click.option("--text-es", default="", help="The same in Spanish.")
@as_json
def add(
    title: str,
    *,
    component: tuple[str, ...],
    begins: str,
    ends: str | None,
    length: str | None,
    title_es: str,
    text: str,
    text_es: str,
    as_json: bool,
) -> None:
    """Plan a maintenance called TITLE."""
    if (ends is None) == (length is None):
        raise UsageError("give one of --to and --for", next_step="./sereno maintenance add --help")
    begin = utc_now() if begins == "now" else _moment("--from", begins)
    end = _moment("--to", ends) if ends is not None else begin + _length(length or "")
    wanted = Wanted(Text(title.strip(), title_es.strip()), Text(text.strip(), text_es.strip()), begin, end, component)
    _show(_calendar().add(wanted, actor=caller()), "is planned; the status page tells of it", as_json=as_json)


@maintenance.command(cls=DeskCommand)
@click.argument("id", type=click.IntRange(1))
@as_json
def end(id: int, as_json: bool) -> None:
    """End the running maintenance ID now; its alerts are told again within seconds."""
    _show(_calendar().end(id, actor=caller()), "is over", as_json=as_json)


@maintenance.command(cls=DeskCommand)
@click.argument("id", type=click.IntRange(1))
@as_json
def cancel(id: int, as_json: bool) -> None:
    """Cancel the maintenance ID, which has not begun."""
    _show(_calendar().cancel(id, actor=caller()), "is cancelled", as_json=as_json)


def _calendar() -> Calendar:
    surroundings = Surroundings.from_environment(os.environ)
    return open_calendar(surroundings, open_database(surroundings, pool_size=1))


def _moment(option: str, text: str) -> datetime:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no time with its zone", next_step="write 2026-11-25T02:00Z") from error


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), next_step="write --for 30m, --for 2h or --for 1d") from error


def _show(one: Maintenance, words: str, *, as_json: bool) -> None:
    if as_json:
        show_json(_told(one))
    else:
        click.echo(f"maintenance {one.id} {words}", err=True)


def _told(one: Maintenance) -> dict[str, Any]:
    """With the members that the API gives it."""
    return {
        "id": one.id,
        "title": one.title.en,
        "title_es": one.title.es,
        "text": one.text.en,
        "text_es": one.text.es,
        "phase": str(one.phase(utc_now())),
        "begins_at": rfc3339(one.begins_at),
        "ends_at": rfc3339(one.over_at),
        "components": list(one.components),
        "created_at": rfc3339(one.created_at),
        "created_by": one.created_by,
    }


def _cells(one: Maintenance) -> tuple[str, ...]:
    return (
        str(one.id),
        str(one.phase(utc_now())),
        f"{one.begins_at:%Y-%m-%d %H:%M}",
        f"{one.over_at:%Y-%m-%d %H:%M}",
        ", ".join("everything" if each == "*" else each for each in one.components),
        one.title.en or one.title.es,
    )
