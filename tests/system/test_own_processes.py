"""process-exporter on the running system: each of our processes counts for its component, nobody else's for any."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from tests.equipment.desk_server import request
from tests.equipment.monitoring import answers, free_port, wait_until
from tests.equipment.stack import NativeStack


def counted(stack: NativeStack) -> dict[str, int]:
    """Group → how many processes of the whole machine process-exporter counts in it."""
    said = request("GET", f"http://127.0.0.1:{stack.ports['process-exporter']}/metrics").text
    return {name: int(n) for name, n in re.findall(r'num_procs\{groupname="([^"]+)"\} (\d+)', said) if n != "0"}


def ours(stack: NativeStack) -> dict[str, int]:
    """The same by Supervisor's account: a component's process and what it has started; the rest is Supervisor's own."""
    from sereno.outside.supervisor import Supervisor

    counts: Counter[str] = Counter()
    for name, info in Supervisor(stack.home / "run/supervisor.sock").info().items():
        group = name if name in stack.ports else "supervisor"
        counts[group] += 1 + len(psutil.Process(int(info["pid"])).children(recursive=True))
    counts["supervisor"] += 1
    return dict(counts)


@contextmanager
def servers_of_others(folder: Path) -> Iterator[None]:
    """A web server of the user's own, with its workers, and a program that is called like a database."""
    port = free_port()
    (folder / "logs").mkdir()
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid; error_log stderr; worker_processes 2; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; return 200; }} }}\n"
    )
    database = folder / "mariadbd"
    shutil.copy("/bin/sleep", database)
    nginx = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with subprocess.Popen([str(database), "120"]) as sleeper, subprocess.Popen(nginx) as server:
        try:
            wait_until("the other web server answers", lambda: answers(f"http://127.0.0.1:{port}/"))
            yield
        finally:
            server.terminate()
            sleeper.kill()


def test_all_of_ours_are_counted_and_none_of_others(stack: NativeStack, tmp_path: Path) -> None:
    with servers_of_others(tmp_path):
        wait_until(
            "the exporter counts what Supervisor runs",
            lambda: (seen := counted(stack)) == ours(stack) and {"nginx", "mysql", "supervisor"} <= set(seen),
        )
