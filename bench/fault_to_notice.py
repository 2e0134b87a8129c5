"""From a fault to the notice of it, step by step, for `InstanceDown`, beside what the settings allow.

Real Prometheus with the product's rules and pace, real Alertmanager with the product's route, a real desk with its
worker and database, and a channel to a receiver. Each round kills a Node Exporter of its own, at a random moment of the
interval: so each makes an incident of its own, and none waits for the recovery of the one before (hold-down 2 min).
"""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
import urllib.parse
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tests.equipment.desk_server import TOKEN, DeskServer, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring, wait_until
from tests.equipment.receivers import Receiver

from bench.common import print_table
from sereno.core.units import parse_duration
from sereno.serve.catalogue import BY_NAME
from sereno.serve.render import compose_place
from sereno.settings import Settings
from sereno.watch.rules import render_rules
from sereno.wiring.watched import configuration_of

ROUNDS = 5
LOOK_SECONDS = 0.05
"""How often commit and arrival are looked for: the error of those two moments. The others are noted by who acts."""
PATIENCE_SECONDS = 80.0
"""For one round, twice what it should need at most. All five, with the start, end within eight minutes."""
NOTICES_SECONDS = 2.0
"""How often the worker looks for news; see `sereno.worker.jobs`."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Seconds since 1970, in the order in which they come about."""

    fault: float
    scraped: float
    pending: float
    firing: float
    handed_over: float
    received: float
    committed: float
    taken: float
    arrived: float


STEPS = (
    "scrape: fault to the sample `up == 0`",
    "rule: to the evaluation that finds it",
    "`for` of the rule",
    "Prometheus to Alertmanager",
    "group wait: Alertmanager to the desk",
    "intake: incident committed",
    "notice: taken by the worker's job",
    "notice: sent, arrived",
)


class House:
    """Everything between a fault and its notice, and what tells when each of them had it."""

    def __init__(self, stack: ExitStack, settings: Settings) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sereno-bench-")))
        self.receiver = Receiver()
        stack.callback(self.receiver.close)
        self.database = MariaDb().create()
        stack.callback(self.database.close)
        own = folder / "sereno.toml"
        own.write_text(f'[[notify.channels]]\nname = "hook"\nurl = "json://127.0.0.1:{self.receiver.port}/"\n')
        self.monitoring = Monitoring(folder)
        stack.callback(self.monitoring.close)
        self.monitoring.reserve("prometheus")
        self.monitoring.reserve("alertmanager")
        self.desk = DeskServer(
            folder / "desk",
            self.database,
            prometheus_url=self.monitoring.url("prometheus"),
            alertmanager_url=self.monitoring.url("alertmanager"),
            extra={"SERENO_SETTINGS": str(own)},
        )
        stack.callback(self.desk.close)
        self.exporters: dict[str, Monitoring] = {}
        for number in range(1, ROUNDS + 1):
            exporter = Monitoring(folder / f"node-{number}")
            exporter.folder.mkdir()
            stack.callback(exporter.close)
            exporter.start_node_exporter()
            self.exporters[f"node-{number}"] = exporter
        self.desk.start()
        self.desk.start_worker()
        self.monitoring.start_alertmanager(self._route(settings))
        targets = [(each.address("node-exporter"), {"instance": name}) for name, each in self.exporters.items()]
        pace = _rendered("prometheus", settings)["global"]
        self.monitoring.start_prometheus({"node-exporter": targets}, render_rules(settings), pace=pace)
        wait_until("all are scraped", lambda: len(self._ask("query", query="up == 1")["result"]) == ROUNDS, 60)

    def _route(self, settings: Settings) -> dict[str, Any]:
        """The product's configuration; only the address and the token of the desk are of here."""
        config = _rendered("alertmanager", settings)
        (receiver,) = config["receivers"]
        (webhook,) = receiver["webhook_configs"]
        webhook["url"] = f"{self.desk.url}/api/v1/alertmanager"
        webhook["http_config"] = {"authorization": {"credentials": TOKEN}}
        return config

    def round(self, name: str) -> Moments:
        """End the exporter `name` and wait for the notice of it."""
        fault = time.time()
        self.exporters[name].kill("node-exporter")
        committed = arrived = 0.0
        alert: dict[str, Any] = {}
        while not (committed and arrived):
            if time.time() - fault > PATIENCE_SECONDS:
                raise RuntimeError(f"no notice of {name}:\n{self.desk.log('webapp')}\n{self.desk.log('worker')}")
            if not committed and self._incident(name):
                committed = time.time()
                # Now: Alertmanager notes each delivery of Prometheus's anew, and the next comes after a minute.
                alert = self._alertmanagers(name)
            if any(name in call.json["title"] for call in self.receiver.calls):
                arrived = time.time()
            time.sleep(LOOK_SECONDS)
        ((identity, received),) = self._incident(name)
        ((taken,),) = self.database.rows("SELECT created_at FROM sereno.notice WHERE incident_id = %s", identity)
        (rule,) = [each for each in self._ask("alerts")["alerts"] if each["labels"].get("instance") == name
                   and each["labels"]["alertname"] == "InstanceDown"]  # fmt: skip
        (series,) = self._ask("query", query=f'up{{instance="{name}"}}[3m]')["result"]
        return Moments(
            fault=fault,
            scraped=min(float(at) for at, value in series["values"] if value == "0"),
            pending=_seconds(rule["activeAt"]),
            firing=_seconds(alert["startsAt"]),
            handed_over=_seconds(alert["updatedAt"]),
            received=received.replace(tzinfo=UTC).timestamp(),
            committed=committed,
            taken=taken.replace(tzinfo=UTC).timestamp(),
            arrived=arrived,
        )

    def _incident(self, name: str) -> list[tuple[Any, ...]]:
        return self.database.rows(
            "SELECT id, detected_at FROM sereno.incident WHERE rule = 'InstanceDown' AND title LIKE %s", f"{name} %"
        )

    def _alertmanagers(self, name: str) -> dict[str, Any]:
        asked = urllib.parse.urlencode({"filter": f'instance="{name}"'})
        (alert,) = request("GET", f"{self.monitoring.url('alertmanager')}/api/v2/alerts?{asked}").json
        return dict(alert)

    def _ask(self, what: str, **values: str) -> dict[str, Any]:
        url = f"{self.monitoring.url('prometheus')}/api/v1/{what}?{urllib.parse.urlencode(values)}"
        return dict(request("GET", url).json["data"])


def _rendered(component: str, settings: Settings) -> dict[str, Any]:
    text = configuration_of(BY_NAME[component], compose_place(settings))[f"{component}.yml"]
    return dict(yaml.safe_load(text))


def _seconds(text: str) -> float:
    """RFC 3339, cut to milliseconds, as Alertmanager does: so the same moment is the same from Prometheus."""
    moment = datetime.fromisoformat(text)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000).timestamp()


def allowed(settings: Settings) -> list[tuple[float, float | None]]:
    """The least and the most seconds that the settings give each step; None: no setting bounds it, only its work."""
    route = _rendered("alertmanager", settings)["route"]
    every = parse_duration(settings.prometheus.scrape_interval).total_seconds()
    wait = float(parse_duration(route["group_wait"]).total_seconds())
    waits: list[tuple[float, float | None]] = [(0, every), (0, every), (0, 0), (0, None), (wait, None), (0, None)]
    return [*waits, (0, NOTICES_SECONDS), (0, None)]


def main() -> None:
    """Print one table: each step's seconds over the rounds, beside what the settings allow."""
    settings = Settings()
    interval = parse_duration(settings.prometheus.scrape_interval).total_seconds()
    seen: list[Moments] = []
    with ExitStack() as stack:
        house = House(stack, settings)
        for name in house.exporters:
            time.sleep(random.uniform(0, interval))  # noqa: S311 -- nobody has to be kept from guessing it.
            seen.append(house.round(name))
            print(f"{name}: {json.dumps(_steps(seen[-1]))}; load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    rows = []
    limits = allowed(settings)
    least_sum = sum(least for least, _ in limits)
    most_sum = sum(most or 0 for _, most in limits)
    for name, (least, most), *values in zip(STEPS, limits, *map(_steps, seen), strict=True):
        rows.append(_row(name, values, f"{least:g}", "its work" if most is None else f"{most:g}"))
    rows.append(_row("**fault to notice**", [m.arrived - m.fault for m in seen], f"{least_sum:g}",
                     f"{most_sum:g} and the work"))  # fmt: skip
    print_table(("step", "median, s", "least, s", "greatest, s", "settings: least, s", "most, s"), rows)


def _steps(moments: Moments) -> list[float]:
    at = [float(getattr(moments, each.name)) for each in fields(moments)]
    return [round(after - before, 3) for before, after in itertools.pairwise(at)]


def _row(name: str, values: list[float], least: str, most: str) -> tuple[str, ...]:
    figures = (statistics.median(values), min(values), max(values))
    return (name, *(f"{each:.2f}" for each in figures), least, most)


if __name__ == "__main__":
    main()
