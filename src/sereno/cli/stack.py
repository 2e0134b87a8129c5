"""Commands that run the stack: up, down, logs, start, stop, restart."""

from __future__ import annotations

import os
import subprocess
from typing import Literal

import click

from sereno.cli.classroom import give_examples, offer_shorter_intervals
from sereno.cli.console import Narrator
from sereno.cli.grafana import offer_grafana
from sereno.cli.here import SERVICE_USER, Here, choose_platform
from sereno.cli.urls import farewell
from sereno.core.errors import SerenoError, UsageError
from sereno.outside import machine
from sereno.outside.users import ensure_user
from sereno.serve.catalogue import BY_NAME
from sereno.serve.findings import NO_DISK_BYTES, Verdict, judge_disk, judge_memory
from sereno.serve.native.home import State
from sereno.serve.native.release import Release, Releases
from sereno.serve.upgrade import taken_back

COMPONENT = click.Choice(sorted(BY_NAME))


@click.command()
@click.option("--on", type=click.Choice(["native", "compose"]), help="Where to run; remembered after the first time.")
@click.option(
    "--lab",
    is_flag=True,
    help="The classroom set-up: Grafana's login is admin / admin123, which everyone knows; example probes.",
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
    # Settings may have been written on the way.
    click.echo(farewell(Here.from_environment(), state))


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
        refuse_small_machine(here, state, narrator, set_up=before is not None)
        if before is None and lab and offer_shorter_intervals(here, narrator, yes=yes):
            here = Here.from_environment()
        runs = here.platform(state)
        if chosen == "native":
            offer_grafana(here, state, narrator, yes=yes)
        here.home.remember(state)
        runs.up(narrator)
        if state.lab:
            give_examples(here, narrator)
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


def refuse_small_machine(here: Here, state: State, narrator: Narrator, *, set_up: bool = False) -> None:
    """Tell of memory and disk that are short. Raises SerenoError when one of them is too short to begin.

    What is set up already needs less of the disk than a first set-up, and after a reboot has to come back.
    """
    profile: Literal["small", "standard"] = "small" if state.profile == "small" else "standard"
    memory = judge_memory(*machine.memory(), profile)
    free, total = machine.disk(here.home.path)
    disk = judge_disk(str(here.home.path), free, total)
    for finding in (memory, disk):
        bearable = finding is disk and set_up and free >= NO_DISK_BYTES
        if finding.verdict is Verdict.WRONG and not bearable:
            raise SerenoError(f"{finding.subject}: {finding.words}", next_step=finding.fix)
        if finding.verdict is not Verdict.FINE:
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


def _profile(here: Here) -> str:
    """By the settings, or by this machine's memory: below 1.8 GB is small (a "2 GB" machine shows a little less)."""
    if here.settings.limits.profile != "auto":
        return here.settings.limits.profile
    return "small" if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 1_800_000_000 else "standard"
