"""Commands that run the stack: up, down, status, logs, start, stop, restart."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict
from datetime import datetime
from typing import Literal

import click

from sereno.cli.console import Narrator, show_json, show_table
from sereno.cli.grafana import offer_grafana
from sereno.cli.here import SERVICE_USER, Here, choose_platform
from sereno.cli.urls import farewell
from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError, UsageError
from sereno.core.units import format_bytes
from sereno.outside import machine
from sereno.outside.users import ensure_user
from sereno.serve.catalogue import BY_NAME
from sereno.serve.findings import Verdict, judge_disk, judge_memory
from sereno.serve.native.home import State
from sereno.serve.native.release import Release, Releases
from sereno.serve.platforms import ComponentStatus
from sereno.serve.upgrade import taken_back

COMPONENT = click.Choice(sorted(BY_NAME))


@click.command()
@click.option("--on", type=click.Choice(["native", "compose"]), help="Where to run; remembered after the first time.")
@click.option(
    "--lab", is_flag=True, help="The classroom set-up: Grafana's login is admin / admin123, which everyone knows."
)
@click.option("--yes", is_flag=True, help="Answer every question with yes.")
def up(on: str | None, lab: bool, yes: bool) -> None:
    """Set up what is missing, start everything, wait until it is healthy."""
    here = Here.from_environment()
    narrator = Narrator()
    try:
        state = _up(here, narrator, on=on, lab=lab, yes=yes)
    except SerenoError as error:
        before = Releases(here.home).to_return_to(Release.of_this_process())
        if before is None:
            raise
        raise taken_back(error, narrator, lambda: _run_again(before)) from error
    narrator.step("everything is healthy")
    click.echo(farewell(here, state))


def _up(here: Here, narrator: Narrator, *, on: str | None, lab: bool, yes: bool) -> State:
    with here.home.only_one():
        before = here.home.state()
        if before is None:
            here.refuse_beside_roots()
        chosen = choose_platform(on, before)
        if chosen == "native" and os.geteuid() == 0:
            ensure_user(SERVICE_USER, here.home.path)
        state = before or State(platform=chosen, profile=_profile(here), lab=lab)
        if before is None:
            narrator.say(f"running on {chosen}, profile {state.profile}; this is remembered in {here.home.state_file}")
        elif lab and not before.lab:
            raise UsageError(
                "this home was not set up with --lab", next_step="./sereno down --erase, then ./sereno up --lab"
            )
        refuse_small_machine(here, state, narrator)
        runs = here.platform(state)
        if chosen == "native":
            offer_grafana(here, state, narrator, yes=yes)
        here.home.remember(state)
        runs.up(narrator)
    return state


def _run_again(before: Release) -> bool:
    """`up` of another state of the program, which is healthy when it ends well."""
    done = subprocess.run(
        [before.python, "-m", "sereno.cli", "up"],
        env={**os.environ, "PYTHONPATH": before.program},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def refuse_small_machine(here: Here, state: State, narrator: Narrator) -> None:
    """Tell of memory and disk that are short. Raises SerenoError when one of them is too short to begin."""
    profile: Literal["small", "standard"] = "small" if state.profile == "small" else "standard"
    memory = judge_memory(*machine.memory(), profile)
    disk = judge_disk(str(here.home.path), *machine.disk(here.home.path))
    for finding in (memory, disk):
        if finding.verdict is Verdict.WRONG:
            raise SerenoError(f"{finding.subject}: {finding.words}", next_step=finding.fix)
        if finding.verdict is Verdict.WARNING:
            narrator.say(f"{finding.subject}: {finding.words}; {finding.fix}")


@click.command()
@click.option("--erase", is_flag=True, help="Also remove data, secrets and logs. Asks first.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def down(erase: bool, yes: bool) -> None:
    """Stop everything."""
    here = Here.from_environment()
    if here.home.state() is None:
        here.refuse_beside_roots()
        click.echo(f"nothing to stop: no ./sereno up has run with the home {here.home.path}")
        return
    runs = here.chosen_platform()
    if erase and not yes:
        click.confirm(f"Remove every measurement, account and password in {here.home.path}?", abort=True, err=True)
    with here.home.only_one():
        ran = runs.down(Narrator(), erase=erase)
    click.echo(("stopped" if ran else "nothing was running") + (", and erased" if erase else ""))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show each component: state, since when, restarts, memory against its limit, version, address.

    The exit code is 1 when one of them is not healthy.
    """
    rows = Here.from_environment().chosen_platform().status()
    if as_json:
        show_json([asdict(row) for row in rows])
    else:
        heads = ("component", "state", "since", "restarts", "memory", "version", "address", "")
        show_table(heads, [_cells(row, utc_now()) for row in rows])
    trouble = _certificate_trouble()
    if trouble:
        click.echo(trouble, err=True)
    if any(row.health not in ("healthy", "absent") for row in rows):
        raise SystemExit(1)


@click.command()
@click.argument("component", type=COMPONENT, required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until interrupted.")
@click.option("--lines", "-n", default=50, show_default=True, help="How many lines of each log to begin with.")
def logs(component: str | None, follow: bool, lines: int) -> None:
    """Show the log of a COMPONENT, or of all."""
    for line in Here.from_environment().chosen_platform().logs(component, follow=follow, lines=lines):
        click.echo(line)


@click.command()
@click.argument("component", type=COMPONENT)
def start(component: str) -> None:
    """Start one COMPONENT and wait until it is healthy."""
    Here.from_environment().chosen_platform().start(component)
    click.echo(f"{component} runs")


@click.command()
@click.argument("component", type=COMPONENT)
def stop(component: str) -> None:
    """Stop one COMPONENT until it is started again."""
    Here.from_environment().chosen_platform().stop(component)
    click.echo(f"{component} is stopped; ./sereno start {component} starts it again")


@click.command()
@click.argument("component", type=COMPONENT)
def restart(component: str) -> None:
    """Stop and start one COMPONENT."""
    Here.from_environment().chosen_platform().restart(component)
    click.echo(f"{component} runs again")


def _certificate_trouble() -> str:
    """Why the certificate is not renewed, where it should have been."""
    from sereno.cli.address import renewal_trouble, told_report  # What it loads, the other commands need not.

    here = Here.from_environment()
    state = here.home.state()
    return "" if state is None else renewal_trouble(told_report(here, state))


def _cells(row: ComponentStatus, now: datetime) -> tuple[str, ...]:
    memory = "" if row.memory_bytes is None else format_bytes(row.memory_bytes)
    if memory and row.memory_limit_bytes:
        memory += f" of {format_bytes(row.memory_limit_bytes)}"
        memory += " (over)" if (row.memory_bytes or 0) > row.memory_limit_bytes else ""
    since = "" if row.since is None else _ago((now - row.since).total_seconds())
    return row.name, row.health, since, str(row.restarts), memory, row.version, row.url, row.detail


def _ago(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def _profile(here: Here) -> str:
    """By the settings, or by this machine's memory: below 1.8 GB is small (a "2 GB" machine shows a little less)."""
    if here.settings.limits.profile != "auto":
        return here.settings.limits.profile
    return "small" if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 1_800_000_000 else "standard"
