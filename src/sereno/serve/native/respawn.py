"""Starts a component's program, after a pause that grows with the deaths of the last minutes.

    respawn.py DEATHS_FILE COMPONENT -- PROGRAM ARGUMENTS

Supervisor restarts at once what dies, and what dies at once would keep a small machine busy dying. This wrapper
waits 1, 2, 4 … 30 seconds according to how often the component has died lately, then becomes the program
(`exec`), so nothing of it stays in memory. Standard library only, and little of it: it runs before each start.
"""

import json
import os
import sys
import time
from pathlib import Path

RECENT_SECONDS = 300
LONGEST_PAUSE_SECONDS = 30
TAIL_BYTES = 64 * 1024


def pause_seconds(recent_deaths: int) -> int:
    """How long to wait before a start after so many deaths in the last five minutes: 0, 1, 2, 4, 8, 16, 30."""
    return 0 if recent_deaths == 0 else min(2 ** (recent_deaths - 1), LONGEST_PAUSE_SECONDS)


def count_recent(lines: list[str], component: str, now: float) -> int:
    """How many of the event lines tell of a death of `component` in the last five minutes.

    Those before somebody asked for a start don't count: who asks has mended something, or wants to know at once.
    """
    deaths = 0
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # The file's tail may begin in the middle of a line.
        if event.get("component") != component or now - event.get("at", 0) >= RECENT_SECONDS:
            continue
        deaths = 0 if event.get("event") == "asked" else deaths + 1
    return deaths


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - TAIL_BYTES))
            return stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def main(arguments: list[str]) -> None:
    """Wait, then become the program."""
    deaths_file, component, _, *command = arguments
    pause = pause_seconds(count_recent(_tail(Path(deaths_file)), component, time.time()))
    if pause:
        print(f"sereno: {component} died lately; starting it again in {pause} s", flush=True)
        time.sleep(pause)
    os.execv(command[0], command)  # noqa: S606 -- becoming the program is the point.


if __name__ == "__main__":
    main(sys.argv[1:])
