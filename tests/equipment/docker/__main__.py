"""`python -m tests.equipment.docker`: start, use and stop a private engine by hand."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from tests.equipment.docker import clients
from tests.equipment.docker.engine import attach, start
from tests.equipment.docker.packages import EquipmentError


def main(words: list[str]) -> int:
    """Runs one command and returns its exit code; errors go to the error stream."""
    parser = argparse.ArgumentParser(prog="python -m tests.equipment.docker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, sentence in (
        ("start", "start an engine and leave it running"),
        ("stop", "end the engine, its containers and processes; images and volumes stay"),
        ("env", "print the variables that point docker and Compose at the engine"),
        ("run", "run a command against the engine, where its published ports are"),
    ):
        command = commands.add_parser(name, help=sentence)
        command.add_argument("root", type=Path, help="the engine's folder")
        if name == "start":
            command.add_argument("--data", type=Path, help="folder for images and volumes (default: ROOT/data)")
            command.add_argument("--host", action="store_true", help="publish ports on this machine's own network")
        if name == "run":
            command.add_argument("words", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(words)
    try:
        return _do(chosen)
    except EquipmentError as error:
        print(error, file=sys.stderr)
        return 1


def _do(chosen: argparse.Namespace) -> int:
    if chosen.command == "start":
        running = start(chosen.root, data=chosen.data, where="host" if chosen.host else "own")
        clients.install_plugins(running)
        return 0
    running = attach(chosen.root)
    if chosen.command == "stop":
        running.stop()
    elif chosen.command == "env":
        for key in ("DOCKER_HOST", "DOCKER_CONFIG"):
            print(f"export {key}={shlex.quote(running.env[key])}")
    else:
        command = [word for word in chosen.words if word != "--"] or [os.environ.get("SHELL", "sh")]
        whole = [*running.prefix(), *command]
        os.execvpe(whole[0], whole, running.env)  # noqa: S606 - the command takes this process's place
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
