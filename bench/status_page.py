"""The status page through Nginx and TLS, shared for a second, beside a static file of the same size in the same run.

The page is a full one: a year of days for every component, some with outages, incidents with updates, a maintenance.
"""

from __future__ import annotations

import os
import statistics
from datetime import timedelta
from functools import partial

import psutil
from tests.equipment.desk_server import DeskServer
from tests.equipment.nginx import Nginx

from bench.common import SECONDS, Load, desk_with_everything, interleaved, print_table, pss_mb, settle, wrk
from sereno.core.clock import utc_now
from sereno.core.text import Text
from sereno.database.session import Database, make_engine
from sereno.guard.model import Actor
from sereno.respond.incidents.service import Incidents
from sereno.respond.maintenance.model import Wanted
from sereno.respond.maintenance.service import Calendar
from sereno.respond.status import store
from sereno.respond.status.uptime import DAY_SECONDS, Day
from sereno.serve.catalogue import CATALOGUE

GOAL = 0.6


def main() -> None:
    """Print the table, and whether the goal is met."""
    with desk_with_everything() as desk:
        desk.start()
        fill(desk)
        desk.start_worker()
        nginx = Nginx(ports={"webapp": desk.port})
        try:
            settle(desk)
            page = desk.get("/").body
            nginx.write("static/page.0123456789.html", page.decode())
            nginx.start()
            url = f"https://127.0.0.1:{nginx.ports['nginx']}"
            assert nginx.process is not None  # noqa: S101 -- it was just started.
            servers = [desk.processes["webapp"].pid, nginx.process.pid]
            costs: dict[str, list[float]] = {}

            def measured(name: str, path: str) -> Load:
                before = cpu_seconds(servers)
                load = wrk(url + path)
                costs.setdefault(name, []).append((cpu_seconds(servers) - before) / (load.per_second * SECONDS))
                return load

            paths = {
                "status page": "/",
                "static file of its size": "/static/page.0123456789.html",
                "status.json": "/status.json",
            }
            loads = interleaved({name: partial(measured, name, path) for name, path in paths.items()})
        finally:
            nginx.close()
        direct = wrk(desk.url + "/")
        memory = {name: pss_mb(desk.processes[name].pid) for name in ("webapp", "worker")}
    whole = loads["static file of its size"].per_second
    print(f"{os.cpu_count()} cores; {CONNECTIONS_TEXT}; the page has {len(page)} bytes\n")
    rows = [
        (
            name,
            f"{load.per_second:.0f}/s",
            f"{load.p99_ms:.0f} ms",
            str(load.failed),
            f"{load.per_second / whole:.2f}",
            f"{statistics.median(costs[name]) * 1e6:.0f} µs",
        )
        for name, load in loads.items()
    ]
    rows.append(
        (
            "status page from Gunicorn itself",
            f"{direct.per_second:.0f}/s",
            f"{direct.p99_ms:.0f} ms",
            str(direct.failed),
            "",
            "",
        )
    )
    print_table(("", "requests", "p99", "failed", "of the static file", "CPU each"), rows)
    print("\nmemory afterwards (PSS): " + ", ".join(f"{name} {taken:.0f} MB" for name, taken in memory.items()))
    share = loads["status page"].per_second / whole
    print(f"\ngoal: at least {GOAL} of the static file; measured {share:.2f}")


def cpu_seconds(pids: list[int]) -> float:
    """What Nginx and the desk, with all that they started, have taken of the processors: other work does not count."""
    family = [each for pid in pids for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
    times = [each.cpu_times() for each in family]
    return sum(each.user + each.system for each in times)


def fill(desk: DeskServer) -> None:
    """What a page shows after a year: days, some of them bad, three incidents, and a maintenance to come."""
    database, today = Database(make_engine(desk.database.url)), utc_now().date()
    with database.unit_of_work() as session:
        for back in range(365):
            sums = {
                component.name: Day(DAY_SECONDS - 300, 300) if (back + 7 * number) % 30 == 29 else Day(DAY_SECONDS)
                for number, component in enumerate(CATALOGUE)
            }
            store.save_day(session, today - timedelta(days=back), sums, rolled_at=utc_now())
    bob, room = Actor("bob", "192.0.2.1"), Incidents(database)
    for number in range(3):
        one = room.open(Text(f"Trouble {number}", f"Problema {number}"), "critical", ["mysql", "webapp"], actor=bob)
        for update in range(4):
            room.publish(one.id, f"Update **{update}**: we look at it, and write again in half an hour.", bob)
        if number:
            room.resolve(one.id, bob)
    begin = utc_now() + timedelta(days=1)
    wanted = Wanted(Text("New disk", ""), Text("Slow for an hour.", ""), begin, begin + timedelta(hours=1), ("mysql",))
    Calendar(database, lambda: {"mysql"}).add(wanted, actor=bob)
    database.engine.dispose()


CONNECTIONS_TEXT = "TLS 1.3, 16 kept connections"

if __name__ == "__main__":
    main()
