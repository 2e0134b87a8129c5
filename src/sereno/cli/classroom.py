"""What `up --lab` adds to the stack for a classroom: shorter intervals for who wants them, and example probes."""

from __future__ import annotations

import subprocess
import sys

import click

from sereno.cli.console import Narrator
from sereno.cli.here import Here
from sereno.core.files import replace_file
from sereno.serve.compose.rendered import own
from sereno.serve.native.home import EXAMPLES_FILE
from sereno.settings import Settings

SHORTER = "5s"
"""Alerts that need no time of their own then fire within ten seconds."""

_FILE = f"""\
# Written by ./sereno up --lab. Every setting, with its default and a sentence: sereno.example.toml.

[prometheus]
# How often every target is asked, and rules evaluated.
scrape_interval = "{SHORTER}"
"""


def offer_shorter_intervals(here: Here, narrator: Narrator, *, yes: bool) -> bool:
    """At a classroom's first `up`, ask whether to measure more often; whether settings were written, to be read anew.

    Without a terminal, and with `yes`, the intervals stay the seed's. Settings that are there already are nobody's to
    ask about.
    """
    file = here.root / "sereno.toml"
    usual = Settings().prometheus.scrape_interval
    if yes or not sys.stdin.isatty() or file.exists() or here.settings.prometheus.scrape_interval != usual:
        return False
    if click.confirm(f"Measure every {usual}? Answer no for every {SHORTER}, to see alerts sooner", True, err=True):
        return False
    replace_file(file, _FILE.encode())
    own(file)
    narrator.say(f"measuring every {SHORTER}, as {file} says from now on")
    return True


def give_examples(here: Here, narrator: Narrator) -> None:
    """Have the running desk add the example probes, once in a home's life: who removes them has them removed."""
    given = here.home / EXAMPLES_FILE
    if given.exists():
        return
    narrator.step("adding the classroom's example probes")
    done = subprocess.run(
        [sys.executable, "-m", "sereno.cli", "watch", "--examples"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode == 0:
        given.write_text("The classroom's example probes were added; they are not added again.\n", encoding="utf-8")
    else:
        narrator.say("without the example probes for now; the next ./sereno up tries again")
