"""Grafana natively: used when it is installed, else offered once; everything else runs without it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from sereno.cli.console import Narrator
from sereno.cli.here import Here
from sereno.core.errors import SerenoError
from sereno.outside.by_sudo import install_grafana, may_sudo
from sereno.outside.vendor_repository import GRAFANA, install_from
from sereno.serve.native.home import State

PROGRAM = Path("/usr/share/grafana/bin/grafana")
HOW = "sudo ./sereno up --yes"


def offer_grafana(here: Here, state: State, narrator: Narrator, *, yes: bool) -> None:
    """Install Grafana from its vendor's repository if somebody says yes; a failure is told and nothing else stops."""
    if PROGRAM.exists():
        return
    if not yes and (state.grafana_answer == "no" or not _agreed(state, narrator)):
        return
    root = os.geteuid() == 0
    if not root and not may_sudo():
        narrator.say(f"Grafana is not installed, and that needs root: {HOW}")
        return
    narrator.step(f"installing Grafana {GRAFANA.version} from {GRAFANA.url}, signed by {GRAFANA.fingerprint[-16:]}")
    log = here.home / "log/grafana-install.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        install_from(GRAFANA, log, narrator.say) if root else install_grafana(log)
    except SerenoError as error:
        narrator.say(f"without Grafana for now: {error.message}")
        narrator.say(f"next: {error.next_step}; then {HOW}")


def _agreed(state: State, narrator: Narrator) -> bool:
    if not sys.stdin.isatty():
        narrator.say(f"Grafana is not installed; everything else runs without it. To have it: {HOW}")
        return False
    agreed = click.confirm(
        f"Grafana is not in this distribution. Add its vendor's signed repository ({GRAFANA.url}) and install it?",
        default=True,
        err=True,
    )
    if not agreed:
        state.grafana_answer = "no"
    return agreed
