"""`./sereno status`: each component, then what they take together, and what stands in everyone's way."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.here import Here
from sereno.core.clock import utc_now
from sereno.core.units import format_bytes
from sereno.outside import machine
from sereno.serve.findings import Verdict, judge_disk
from sereno.serve.goals import memory_line
from sereno.serve.native.home import State
from sereno.serve.platforms import ComponentStatus

RECENT = timedelta(days=1)
"""An end that is longer ago is told only while the component is not well."""

_HEADS = ("component", "state", "since", "restarts", "memory", "version", "address", "")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show each component: state, since when, restarts, memory against its limit, version, address.

    The exit code is 1 when one of them is not healthy.
    """
    here = Here.from_environment()
    runs = here.chosen_platform()
    state = here.home.state()
    rows = runs.status()
    if as_json:
        show_json([asdict(row) for row in rows])
    else:
        show_table(_HEADS, [cells(row, utc_now()) for row in rows])
        for line in _below(here, state, rows) if state else ():
            click.echo(line)
    trouble = _certificate_trouble(here, state) if state else ""
    if trouble:
        click.echo(trouble, err=True)
    if any(row.health not in ("healthy", "absent") for row in rows):
        raise SystemExit(1)


def cells(row: ComponentStatus, now: datetime) -> tuple[str, ...]:
    """The row as words."""
    memory = "" if row.memory_bytes is None else format_bytes(row.memory_bytes)
    if memory and row.memory_limit_bytes:
        memory += f" of {format_bytes(row.memory_limit_bytes)}"
        memory += " (over)" if (row.memory_bytes or 0) > row.memory_limit_bytes else ""
    since = "" if row.since is None else _ago(now - row.since)
    told = "; ".join(words for words in (row.detail, _last_end(row, now)) if words)
    return row.name, row.health, since, str(row.restarts), memory, row.version, row.url, told


def _last_end(row: ComponentStatus, now: datetime) -> str:
    if row.died_at is None or (row.health == "healthy" and now - row.died_at > RECENT):
        return ""
    return f"ended unasked {_ago(now - row.died_at)} ago" + (f": {row.died_of}" if row.died_of else "")


def _below(here: Here, state: State, rows: list[ComponentStatus]) -> list[str]:
    lines = ["", memory_line(rows, state.platform, state.profile)]
    disk = judge_disk(str(here.home.path), *machine.disk(here.home.path))
    if disk.verdict is not Verdict.FINE:
        lines += [f"disk: {disk.words}", f"next: {disk.fix}"]
    return [] if lines == ["", ""] else lines


def _certificate_trouble(here: Here, state: State) -> str:
    """Why the certificate is not renewed, where it should have been."""
    from sereno.cli.address import renewal_trouble, told_report  # What it loads, the other commands need not.

    return renewal_trouble(told_report(here, state))


def _ago(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
