"""Alertmanager's deliveries to the desk, through Nginx and TLS, beside a bare insert of the same row by Flask.

Both stand behind an Nginx of their own with the same configuration, and use the same database, which is as durable as
in production. Every delivery of the desk's has its token checked and makes an incident.
"""

from __future__ import annotations

import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from tests.equipment.desk_server import TOKEN, DeskServer, alert, payload
from tests.equipment.mariadb import NAME, PASSWORD
from tests.equipment.monitoring import free_port, wait_until
from tests.equipment.nginx import Nginx

from bench.common import Load, desk_with_everything, interleaved, print_table, pss_mb, wrk

GOALS = {"one": 0.4, "ten": 2500.0, "p99_ms": 50.0}
SECONDS = 4
ROUNDS = 3
PATH = "/api/v1/alertmanager"

PACE_PER_SECOND = 50
PACE_SECONDS = 20
PACE_THREADS = 16

SCRIPT = """
local run, number = tostring({{}}):gsub("%W", ""), 0
local head = '{{"version":"4","truncatedAlerts":0,"status":"firing","receiver":"desk","externalURL":"",' ..
  '"groupLabels":{{}},"commonLabels":{{}},"commonAnnotations":{{}},"groupKey":"'
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
  return wrk.format(nil, nil, nil, head .. run .. number .. '","alerts":[' .. table.concat(alerts, ",") .. "]}}")
end
"""


def script(folder: Path, name: str, *, alerts: int, repeated: bool = False) -> Path:
    """A load for `wrk`: deliveries of `alerts` alerts of their own group, new ones each time or always the same."""
    file = folder / f"{name}.lua"
    file.write_text(SCRIPT.format(token=TOKEN, alerts=alerts, step=0 if repeated else 1))
    return file


@contextmanager
def door(port: int) -> Iterator[str]:
    """An Nginx before `port`; yields its address."""
    nginx = Nginx(ports={"webapp": port})
    try:
        nginx.start()
        yield f"https://127.0.0.1:{nginx.ports['nginx']}"
    finally:
        nginx.close()


@contextmanager
def bare_application(desk: DeskServer) -> Iterator[int]:
    """`bench.bare_insert` with the desk's number of processes and threads; yields its port."""
    port = free_port()
    url = f"mysql+pymysql://sereno:{PASSWORD}@{desk.database.address}/{NAME}"
    command = ["-w", "2", "-k", "gthread", "--threads", "8", "--keep-alive", "75", "-b", f"127.0.0.1:{port}"]
    environment = {
        **os.environ,
        "BARE_DATABASE": url,
        **{k: v for k, v in desk.extra.items() if k.startswith("MALLOC")},
    }
    made = "from bench.bare_insert import bare, engine; bare.create(engine)"
    subprocess.run([sys.executable, "-c", made], env=environment, check=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *command, "--log-level", "error", "bench.bare_insert:app"], env=environment
    )
    try:
        wait_until(
            "the bare application answers", lambda: wrk(f"http://127.0.0.1:{port}/", seconds=1).per_second > 0, 30
        )
        yield port
    finally:
        process.terminate()
        process.wait(15)


def paced(url: str) -> Load:
    """Deliveries of one new alert each, one every 20 ms whatever the answers take, counted from when each was due."""
    host = url.removeprefix("https://")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    run, began = f"{time.time_ns():x}", time.monotonic() + 0.2
    taken: list[float] = []
    failed: list[int] = []

    def send(lane: int) -> None:
        connection = HTTPSConnection(host, context=context)
        for number in range(lane, PACE_PER_SECOND * PACE_SECONDS, PACE_THREADS):
            name = f"{run}x{number}"
            body = json.dumps(payload(alert(name), groupKey=name))
            due = began + number / PACE_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            answer.read()
            taken.append(time.monotonic() - due)
            if answer.status != 200:
                failed.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=send, args=(lane,)) for lane in range(PACE_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(len(taken) / PACE_SECONDS, 1000 * statistics.quantiles(taken, n=100)[98], len(failed))


def main() -> None:
    """Print the table, the goals and the memory."""
    with ExitStack() as stack:
        desk = stack.enter_context(desk_with_everything()).start()
        desk.start_worker()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(door(desk.port))
        bare = stack.enter_context(door(stack.enter_context(bare_application(desk))))
        one, ten = script(folder, "one", alerts=1), script(folder, "ten", alerts=10)
        same = script(folder, "same", alerts=1, repeated=True)
        loads = interleaved(
            {
                "bare insert": lambda: wrk(bare + PATH, script=one, seconds=SECONDS),
                "one new alert each": lambda: wrk(ours + PATH, script=one, seconds=SECONDS),
                "ten new alerts each": lambda: wrk(ours + PATH, script=ten, seconds=SECONDS),
                "the same alert again": lambda: wrk(ours + PATH, script=same, seconds=SECONDS),
            },
            rounds=ROUNDS,
        )
        pace = paced(ours)
        memory = {name: pss_mb(process.pid) for name, process in desk.processes.items()}
        stored = desk.database.run("SELECT COUNT(*) FROM sereno.alert")[0][0]
        incidents = desk.database.run("SELECT COUNT(*) FROM sereno.incident")[0][0]
    whole = loads["bare insert"].per_second
    print(f"{os.cpu_count()} cores; TLS, 16 connections; {stored} alerts and {incidents} incidents stored in the end\n")
    rows = [
        (name, f"{load.per_second:.0f}/s", f"{load.p99_ms:.0f} ms", str(load.failed), f"{load.per_second / whole:.2f}")
        for name, load in {**loads, f"one new alert, {PACE_PER_SECOND} deliveries/s": pace}.items()
    ]
    print_table(("deliveries", "per second", "p99", "failed", "of the bare insert"), rows)
    ones, tens = loads["one new alert each"].per_second / whole, 10 * loads["ten new alerts each"].per_second
    print(f"\none new alert each: goal at least {GOALS['one']} of the bare insert; measured {ones:.2f}")
    print(f"ten new alerts each: goal at least {GOALS['ten']:.0f} alerts/s; measured {tens:.0f}")
    print(f"p99 at {PACE_PER_SECOND} deliveries/s: goal below {GOALS['p99_ms']:.0f} ms; measured {pace.p99_ms:.0f} ms")
    print("memory (PSS): " + ", ".join(f"{name} {megabytes:.0f} MB" for name, megabytes in memory.items()))


if __name__ == "__main__":
    main()
