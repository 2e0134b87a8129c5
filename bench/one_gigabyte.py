"""The promise of one gigabyte: the whole native stack, profile `small`, in 1,024 MiB without swap, under load.

A control group holds all that `./sereno up` starts, as a machine of that size would; the load comes from outside
of it. For ten minutes readers load the status page, alerts are delivered, and a backup is made and proven. At the end:
the least memory that was available, in percent as the alert LowMemoryAvailable counts it, and whether anything was
ended for want of memory. Needs root.

    PYTHONPATH=src:. python bench/one_gigabyte.py [--minutes 10]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tests.equipment.stack import NativeStack

LIMIT_MB = 1024
ALERTS_A_MINUTE = 50
PAUSE_SECONDS = 0.05
LOW_PERCENT = 20
_OLD, _NEW = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


class Group:
    """A memory control group, of either version."""

    def __init__(self, limit_mb: int) -> None:
        self._is_old = (_OLD / "memory.limit_in_bytes").exists()
        self.limit = limit_mb * 2**20
        self.folder = (_OLD if self._is_old else _NEW) / f"sereno-bench-{os.getpid()}"
        self.folder.mkdir()
        self._write("memory.limit_in_bytes" if self._is_old else "memory.max", str(self.limit))
        for name in ("memory.memsw.limit_in_bytes",) if self._is_old else ("memory.swap.max",):
            with suppress(OSError):  # Where the kernel counts no swap there is none to be had either.
                self._write(name, str(self.limit) if self._is_old else "0")

    def join(self) -> None:
        """Put this process into it; what it starts is in it too."""
        self._write("cgroup.procs", str(os.getpid()))

    def available(self) -> int:
        """Bytes that could still be had: all but what is held, files' pages that can be dropped not counted."""
        stat = dict(line.split() for line in (self.folder / "memory.stat").read_text().splitlines())
        used = int((self.folder / ("memory.usage_in_bytes" if self._is_old else "memory.current")).read_text())
        droppable = sum(
            int(stat[name]) for name in (("total_inactive_file", "total_active_file") if self._is_old else
                                         ("inactive_file", "active_file", "slab_reclaimable"))
        )  # fmt: skip
        return self.limit - (used - droppable)

    def killed(self) -> int:
        """How many processes were ended for want of memory."""
        text = (self.folder / ("memory.oom_control" if self._is_old else "memory.events")).read_text()
        return int(dict(line.split() for line in text.splitlines())["oom_kill"])

    def close(self) -> None:
        for _ in range(50):
            with suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.2)

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


class SmallStack(NativeStack):
    """A stack whose commands, and all they start, run in a group."""

    def __init__(self, group: Group) -> None:
        super().__init__(settings={"SERENO_LIMITS__PROFILE": "small"})
        self._group = group

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [str(self.root / "sereno"), *words],
            env=self.environment, preexec_fn=self._group.join, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"./sereno {' '.join(words)}: {done.stderr}")
        return done.stdout


def delivery(number: int) -> bytes:
    """One firing alert that nobody has told of before."""
    labels = {"alertname": "BenchAlert", "instance": f"bench-{number}", "severity": "info"}
    alert = {"status": "firing", "labels": labels, "annotations": {}, "startsAt": datetime.now(UTC).isoformat(),
             "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": f"{number:016x}"}  # fmt: skip
    return json.dumps(
        {"version": "4", "groupKey": f"bench-{number}", "truncatedAlerts": 0, "status": "firing", "receiver": "desk",
         "groupLabels": labels, "commonLabels": labels, "commonAnnotations": {}, "externalURL": "", "alerts": [alert]}
    ).encode()  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    group = Group(LIMIT_MB)
    stack = SmallStack(group)
    try:
        stack.command("up", "--on", "native")
        print(f"idle: {group.available() / group.limit:.0%} available")
        measure(stack, group, minutes)
    finally:
        stack.close()
        group.close()


def measure(stack: SmallStack, group: Group, minutes: float) -> None:
    over = threading.Event()
    pages: Counter[int | str] = Counter()
    deliveries: Counter[int | str] = Counter()
    token = stack.secret("alertmanager-token")

    def read() -> None:
        pages[stack.get("/", Cookie=f"lang={'es' if sum(pages.values()) % 2 else 'en'}").status] += 1

    def deliver() -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"{stack.url}/api/v1/alertmanager"
        deliveries[stack.ask("POST", url, body=delivery(sum(deliveries.values())), headers=headers).status] += 1

    load = [_again(read, PAUSE_SECONDS, over, pages), _again(deliver, 60 / ALERTS_A_MINUTE, over, deliveries)]
    least, began = group.available(), time.monotonic()
    backup = threading.Thread(target=stack.command, args=("backup", "now"))
    while time.monotonic() - began < minutes * 60:
        least = min(least, group.available())
        if backup.ident is None and time.monotonic() - began > minutes * 20:
            backup.start()
        time.sleep(0.25)
    over.set()
    for each in (*load, backup):
        each.join()
    rows = stack.status()
    print(f"pages: {dict(pages)}; deliveries: {dict(deliveries)}")
    print(
        f"least available: {least / 2**20:.0f} MiB, {least / group.limit:.0%} (the alert begins below {LOW_PERCENT} %)"
    )
    print(f"ended for want of memory: {group.killed()}; restarts: {sum(row['restarts'] for row in rows.values())}")
    print(", ".join(f"{name} {(row['memory_bytes'] or 0) / 2**20:.0f}" for name, row in rows.items()), "MiB")
    print(stack.command("backup", "list"))


def _again(
    act: Callable[[], None], pause: float, over: threading.Event, answers: Counter[int | str]
) -> threading.Thread:
    def run() -> None:
        while not over.wait(pause):
            try:
                act()
            except OSError as error:
                answers[type(error).__name__] += 1

    thread = threading.Thread(target=run)
    thread.start()
    return thread


if __name__ == "__main__":
    main()
