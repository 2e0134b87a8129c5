"""The two things that only root may do, as a command of their own, for sudo and for the tests' preparation.

    python -m sereno.outside.root_tasks packages --log FILE [--unit UNIT …] PACKAGE …
    python -m sereno.outside.root_tasks grafana --log FILE

A failure is written to standard output as JSON (message, next_step, log_tail), and the exit code is 1; what a person
should know meanwhile, to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.outside.packages import Packages
from sereno.outside.vendor_repository import GRAFANA, install_from


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        if wanted.task == "packages":
            Packages().install(wanted.packages, wanted.unit, wanted.log, _tell)
        else:
            install_from(GRAFANA, wanted.log, _tell)
    except SerenoError as error:
        json.dump({"message": error.message, "next_step": error.next_step, "log_tail": error.log_tail}, sys.stdout)
        return 1
    return 0


def _tell(words: str) -> None:
    # As far from the edge as the narration of the command that has called this one.
    print(f"          {words}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sereno.outside.root_tasks")
    tasks = parser.add_subparsers(dest="task", required=True)
    packages = tasks.add_parser("packages")
    packages.add_argument("--unit", action="append", default=[])
    packages.add_argument("packages", nargs="*")
    grafana = tasks.add_parser("grafana")
    for task in (packages, grafana):
        task.add_argument("--log", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
