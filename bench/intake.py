"""Alertmanager's deliveries to the desk beside a bare, equally durable insert into the same database."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pymysql
from tests.equipment.desk_server import TOKEN, DeskServer
from tests.equipment.mariadb import NAME, PASSWORD, MariaDb

from bench.common import Load, desk_with_everything, interleaved, print_table, wrk

THREADS = 16
SECONDS = 4

SCRIPT = """
local run, number = tostring({{}}):gsub("%W", ""), 0
local head = '{{"version":"4","groupKey":"x","truncatedAlerts":0,"status":"firing","receiver":"desk",' ..
  '"externalURL":"","groupLabels":{{}},"commonLabels":{{}},"commonAnnotations":{{}},"alerts":['
local from = '{{"status":"firing","startsAt":"2026-11-24T11:58:00.123456789Z","endsAt":"0001-01-01T00:00:00Z",' ..
  '"generatorURL":"http://localhost:9090/graph?g0.expr=up","annotations":{{"summary":"CPU use above 80 %",' ..
  '"summary_es":"Uso de CPU por encima del 80 %"}},"labels":{{"alertname":"HighCpuUsage","severity":"warning",' ..
  '"job":"node-exporter","instance":"node-'
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
function request()
  local alerts = {{}}
  for index = 1, {alerts} do
    number = number + {step}
    alerts[index] = from .. number .. '"}},"fingerprint":"' .. run .. number .. '"}}'
  end
  return wrk.format(nil, nil, nil, head .. table.concat(alerts, ",") .. "]}}")
end
"""


def script(folder: Path, name: str, *, alerts: int, repeated: bool = False) -> Path:
    """A load for `wrk`: deliveries of `alerts` alerts, new ones each time or the same again and again."""
    file = folder / f"{name}.lua"
    file.write_text(SCRIPT.format(token=TOKEN, alerts=alerts, step=0 if repeated else 1))
    return file


def bare_insert(database: MariaDb) -> Load:
    """Threads that do nothing but insert one row of an alert's size and commit, each on its own connection."""
    done, latencies = [0] * THREADS, [[] for _ in range(THREADS)]
    until = time.monotonic() + SECONDS

    def insert(number: int) -> None:
        connection = pymysql.connect(
            host="127.0.0.1", port=database.port, user="sereno", password=PASSWORD, database=NAME, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            while time.monotonic() < until:
                began = time.monotonic()
                cursor.execute("INSERT INTO bare (text) VALUES (%s)", ("x" * 400,))
                latencies[number].append(time.monotonic() - began)
                done[number] += 1

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(value for own in latencies for value in own)
    return Load(sum(done) / SECONDS, 1000 * ordered[int(len(ordered) * 0.99)], 0)


def measure(desk: DeskServer) -> dict[str, Load]:
    """All contenders, in turns."""
    desk.database.run(
        "CREATE TABLE sereno.bare (id BIGINT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(500)) ENGINE=InnoDB"
    )
    url = f"{desk.url}/api/v1/alertmanager"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scripts = {
            "one new alert each": script(folder, "one", alerts=1),
            "ten new alerts each": script(folder, "ten", alerts=10),
            "the same alert again": script(folder, "same", alerts=1, repeated=True),
        }
        contenders = {name: (lambda file=file: wrk(url, script=file)) for name, file in scripts.items()}
        return interleaved({"bare insert": lambda: bare_insert(desk.database), **contenders}, rounds=3)


def main() -> None:
    """Print the table."""
    with desk_with_everything() as desk:
        desk.start()
        loads = measure(desk)
        stored = desk.database.run("SELECT COUNT(*) FROM sereno.alert")[0][0]
    bare = loads["bare insert"].per_second
    print(f"{os.cpu_count()} cores; 16 connections; every answer after a durable commit; {stored} alerts stored\n")
    rows = [
        (name, f"{load.per_second:.0f}/s", f"{load.p99_ms:.0f} ms", str(load.failed), f"{load.per_second / bare:.2f}")
        for name, load in loads.items()
    ]
    print_table(("deliveries", "per second", "p99", "failed", "of the bare insert"), rows)


if __name__ == "__main__":
    main()
