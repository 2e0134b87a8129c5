"""`./sereno incident`: incidents from the server's own command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand, caller
from sereno.core.clock import rfc3339
from sereno.core.text import Text
from sereno.wiring import Surroundings, open_database

if TYPE_CHECKING:
    from sereno.respond.incidents.model import Event, Incident
    from sereno.respond.incidents.service import Incidents

as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")
text_option = click.option("--text", default="", help="What there is to say; Markdown.")
STATES = ("unresolved", "open", "acknowledged", "resolved", "all")


@click.group()
def incident() -> None:
    """What is wrong, who has it, and what was done."""


@incident.command("list", cls=DeskCommand)
@click.option("--state", type=click.Choice(STATES), default="unresolved", show_default=True)
@click.option("--severity", default="", help="Only of this severity.")
@click.option("--component", default="", help="Only what affects this component.")
@click.option("--owner", default="", help="Only this user's.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@as_json
def list_incidents(state: str, severity: str, component: str, owner: str, limit: int, as_json: bool) -> None:
    """Show incidents, newest first."""
    from sereno.respond.incidents.model import State
    from sereno.respond.incidents.store import Wanted

    wanted = Wanted(
        state=State(state) if state in set(State) else None,
        unresolved=state == "unresolved",
        severity=severity,
        component=component,
        owner=owner,
        limit=limit,
    )
    found = _incidents().page(wanted).incidents
    if as_json:
        show_json({"items": [told(each) for each in found]})
    else:
        heads = ("number", "state", "severity", "opened", "resolved", "owner", "alerts", "title")
        show_table(heads, [_cells(each) for each in found])


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@as_json
def show(number: int, as_json: bool) -> None:
    """Show one incident with its timeline."""
    room = _incidents()
    found, events = room.get(number), room.timeline(number)
    if as_json:
        show_json({**told(found), "timeline": [_told_event(each) for each in events]})
        return
    show_table(("what", "value"), [(name, _plain(value)) for name, value in told(found).items()])
    click.echo()
    show_table(("when (UTC)", "who", "what", ""), [_event_cells(each) for each in events])


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@as_json
def ack(number: int, as_json: bool) -> None:
    """Acknowledge an incident: whoever is first has it."""
    _show(_incidents().acknowledge(number, caller()), as_json=as_json)


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@click.argument("owner", required=False)
@as_json
def assign(number: int, owner: str | None, as_json: bool) -> None:
    """Give an incident to a user; without OWNER to nobody."""
    _show(_incidents().assign(number, owner, caller()), as_json=as_json)


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@text_option
@as_json
def resolve(number: int, text: str, as_json: bool) -> None:
    """End an incident; only an alert that begins later reopens it."""
    _show(_incidents().resolve(number, caller(), text), as_json=as_json)


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@text_option
@as_json
def reopen(number: int, text: str, as_json: bool) -> None:
    """Open a resolved incident again, until a person resolves it."""
    _show(_incidents().reopen(number, caller(), text), as_json=as_json)


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@click.argument("text")
@as_json
def note(number: int, text: str, as_json: bool) -> None:
    """Add a comment (Markdown) that only people with an account read."""
    _show_event(_incidents().comment(number, text, caller()), as_json=as_json, words="noted")


@incident.command(cls=DeskCommand)
@click.argument("number", type=int)
@click.argument("text")
@as_json
def publish(number: int, text: str, as_json: bool) -> None:
    """Show the incident on the public status page, with this update (Markdown)."""
    _show_event(_incidents().publish(number, text, caller()), as_json=as_json, words="published")


@incident.command("open", cls=DeskCommand)
@click.argument("title")
@click.option("--title-es", default="", help="The title in Spanish.")
@click.option("--severity", default="warning", show_default=True)
@click.option("--component", "components", multiple=True, help="What it affects; may be given several times.")
@text_option
@as_json
def open_incident(
    title: str, title_es: str, severity: str, components: tuple[str, ...], text: str, as_json: bool
) -> None:
    """Open an incident by hand; it stays open until a person resolves it."""
    made = _incidents().open(Text(title, title_es), severity, components, actor=caller(), text=text)
    _show(made, as_json=as_json)


def _incidents() -> Incidents:
    from sereno.respond.incidents.grouping import Rules
    from sereno.respond.incidents.service import Incidents

    surroundings = Surroundings.from_environment(os.environ)
    return Incidents(open_database(surroundings, pool_size=1), rules=Rules.of(surroundings.settings))


def told(each: Incident) -> dict[str, Any]:
    """The incident with the members that the API gives it."""
    return {
        "id": each.id,
        "title": each.title.en,
        "title_es": each.title.es,
        "state": each.state.value,
        "severity": each.severity,
        "public": each.public,
        "opened_at": rfc3339(each.opened_at),
        "detected_at": rfc3339(each.detected_at),
        "acknowledged_at": rfc3339(each.acknowledged_at) if each.acknowledged_at else None,
        "acknowledged_by": each.acknowledged_by,
        "resolved_at": rfc3339(each.resolved_at) if each.resolved_at else None,
        "resolved_by": each.resolved_by,
        "owner": each.owner,
        "components": list(each.components),
        "alerts": each.alerts,
        "flapping": each.flapping,
        "opened_by": each.opened_by,
        "merged_into": each.merged_into,
    }


def _told_event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": rfc3339(event.at),
        "kind": event.kind.value,
        "actor": event.actor,
        "text": event.text,
        "details": dict(event.details),
        "public": event.public,
    }


def _show(changed: Incident, *, as_json: bool) -> None:
    if as_json:
        show_json(told(changed))
    else:
        click.echo(f"incident {changed.id} is {changed.state.value}")


def _show_event(event: Event, *, as_json: bool, words: str) -> None:
    if as_json:
        show_json(_told_event(event))
    else:
        click.echo(f"incident {event.incident_id}: {words}")


def _cells(each: Incident) -> tuple[str, ...]:
    return (
        str(each.id),
        each.state.value,
        each.severity,
        f"{each.opened_at:%Y-%m-%d %H:%M:%S}",
        f"{each.resolved_at:%Y-%m-%d %H:%M:%S}" if each.resolved_at else "",
        each.owner or "",
        str(each.alerts),
        each.title.en,
    )


def _event_cells(event: Event) -> tuple[str, ...]:
    return f"{event.at:%Y-%m-%d %H:%M:%S}", event.actor, event.kind.value, event.text or _in_a_line(event.details)


def _in_a_line(details: Mapping[str, Any]) -> str:
    shown = ("alert", "instance", "component", "severity", "old", "new", "owner", "into", "incident")
    return " ".join(f"{name}={_plain(details[name])}" for name in shown if details.get(name))


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
