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


def end_orphans(session: int) -> None:
    """End what dead components have left: Nginx's workers outlive a killed master, and would keep its ports.

    Supervisor and all below it are one session, in which each component leads a process group; who is in a group
    whose leader is no more has been left.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # After the name, which is in brackets and may hold anything: state, parent, group, session; see proc(5).
            state, _, group, of = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
            if int(of) == session and state != "Z" and not Path(f"/proc/{group}").exists():
                os.kill(int(folder.name), signal.SIGTERM)


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
        append(path, death_of(header, payload, time.time()))
        end_orphans(os.getsid(0))
        sys.stdout.write("RESULT 2\nOK")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
