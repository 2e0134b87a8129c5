"""What every bench needs: servers to measure, a load to put on them, and medians of interleaved rounds."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.equipment.desk_server import DeskServer
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring, wait_until

from sereno.serve.allocator import ALLOCATOR
from sereno.settings import Settings
from sereno.watch.rules import render_rules

SECONDS = 4
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` saw: requests per second, the 99th percentile in milliseconds, and answers that were no 2xx or 3xx."""

    per_second: float
    p99_ms: float
    failed: int


def wrk(url: str, *, script: Path | None = None, seconds: int = SECONDS, connections: int = CONNECTIONS) -> Load:
    """Ask `url` on `connections` kept connections for `seconds`."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script is not None:
        command += ["-s", str(script)]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return Load(
        per_second=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p99_ms=_milliseconds(_found(r"\n\s+99%\s+(\S+)", said)),
        failed=(int(failed[1]) if failed else 0) + (sum(map(int, broken.groups())) if broken else 0),
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"wrk said something unexpected:\n{text}")
    return match[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def interleaved(contenders: Mapping[str, Callable[[], Load]], *, rounds: int = 5) -> dict[str, Load]:
    """The median of each over `rounds`, taken in turns, so that a busy moment of the machine hits all alike."""
    seen: dict[str, list[Load]] = {name: [] for name in contenders}
    for each in contenders.values():
        each()  # Warm up.
    for _ in range(rounds):
        for name, each in contenders.items():
            seen[name].append(each())
    return {
        name: Load(
            statistics.median(load.per_second for load in loads),
            statistics.median(load.p99_ms for load in loads),
            sum(load.failed for load in loads),
        )
        for name, loads in seen.items()
    }


def pss_mb(pid: int) -> float:
    """The proportional memory of a process and all that it started, in MB."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return float(sum(each.memory_full_info().pss for each in family)) / 1e6


@contextmanager
def desk_with_everything(**environment: str) -> Iterator[DeskServer]:
    """A desk with a real database and a Prometheus that measures this machine. It is not started yet."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sereno-bench-")))
        database = MariaDb().create()
        stack.callback(database.close)
        watched = Monitoring(folder)
        stack.callback(watched.close)
        watched.start_node_exporter()
        watched.start_prometheus({"node-exporter": [(watched.address("node-exporter"), {})]}, render_rules(Settings()))
        desk = DeskServer(folder / "desk", database, prometheus_url=watched.url("prometheus"))
        desk.extra = {**ALLOCATOR, **environment}
        stack.callback(desk.close)
        yield desk


def settle(desk: DeskServer) -> None:
    """Wait until the status page shows a chart: the first point of the last hour comes after half a minute."""
    wait_until("the charts have a point", lambda: 'class="line"' in desk.get("/").text, 60)


def print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table as Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
