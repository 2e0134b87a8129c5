"""Supervisor's event listener: writes a line of JSON for every component that ends without being asked to.

    deaths.py DEATHS_FILE

Supervisor speaks its event protocol on standard input and output (READY, header, payload, RESULT). Each line
written: {"at": seconds since 1970, "component": name, "pid": number, "event": what happened}.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

KEEP_BYTES = 1024 * 1024


def fields(text: str) -> dict[str, str]:
    """`a:1 b:2` as a dictionary."""
    return dict(part.split(":", 1) for part in text.split())


def death_of(header: dict[str, str], payload: dict[str, str], now: float) -> dict[str, object]:
    """The line to write for an event. An end that was asked for is another event, which is not listened to."""
    return {
        "at": now,
        "component": payload["processname"],
        "pid": int(payload.get("pid", 0)),
        "event": header["eventname"].removeprefix("PROCESS_STATE_").lower(),
    }


def append(path: Path, event: dict[str, object]) -> None:
    """Add one line; a file that has grown too long becomes `.1` and a new one begins.

    On a full disk the line is lost: who ended of it would be one more that Supervisor has to start again.
    """
    with suppress(OSError):
        if path.exists() and path.stat().st_size > KEEP_BYTES:
            path.replace(path.with_suffix(".jsonl.1"))
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event) + "\n")


def end_group(pid: int) -> None:
    """End what a dead component has left: Nginx's workers outlive a killed master, and would keep its ports.

    Supervisor gives each component a process group of its own, whose number nobody gets while a member is left.
    """
    if pid > 1:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGTERM)


def main(path: Path) -> None:
    """Answer Supervisor until it closes the pipe."""
    while True:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return
        header = fields(line)
        payload = fields(sys.stdin.read(int(header["len"])))
        event = death_of(header, payload, time.time())
        append(path, event)
        end_group(int(str(event["pid"])))
        sys.stdout.write("RESULT 2\nOK")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
