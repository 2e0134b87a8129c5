"""Two Serenos watch each other, each by its own Prometheus and Alertmanager: one is killed, the other tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment import mariadb, monitoring
from tests.equipment.desk_server import DeskServer
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import Monitoring, wait_until
from tests.equipment.receivers import Receiver

from sereno.core.clock import utc_now
from sereno.database.session import Database, make_engine
from sereno.guard import tokens
from sereno.guard.model import Actor, Role
from sereno.settings import Settings
from sereno.watch.rules import render_rules

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        mariadb.is_missing() or bool(monitoring.missing("prometheus", "alertmanager")),
        reason="this machine lacks MariaDB, Prometheus or Alertmanager",
    ),
]


class House:
    """One Sereno: its database, its desk with a worker, and what watches it. It tells a receiver of incidents."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.name = name
        self.told = Receiver()
        self.database = MariaDb().create()
        settings = folder / "sereno.toml"
        url = f"json://127.0.0.1:{self.told.port}/"
        settings.write_text(f'[[notify.channels]]\nname = "hook"\nurl = "{url}"\n')
        self.desk = DeskServer(folder / "desk", self.database, extra={"SERENO_SETTINGS": str(settings)})
        self.monitoring = Monitoring(folder)

    def start(self) -> None:
        self.desk.start()
        self.desk.start_worker()

    def token_for(self, other: str) -> str:
        """A token for the other one's signals, made as `./sereno token add` makes it."""
        database = Database(make_engine(self.database.url))
        actor = Actor("cli:test", "local")
        with database.unit_of_work() as session:
            maker = tokens.Maker(Role.ADMIN, None)
            _, text = tokens.make(
                session, name=other, scopes=["heartbeats:write"], days=30, maker=maker, actor=actor, now=utc_now()
            )
        database.engine.dispose()
        return text

    def watch(self, other: House) -> None:
        """Run Prometheus and Alertmanager, whose Watchdog goes to the other one's desk."""
        address = f"{other.desk.url}/api/v1/heartbeats/{self.name}?every=10s&grace=5s"
        webhook = {
            "url": address,
            "send_resolved": False,
            "http_config": {"authorization": {"credentials": other.token_for(self.name)}},
        }
        route = {"receiver": "other", "group_wait": "0s", "group_interval": "2s", "repeat_interval": "1s",
                 "matchers": ['alertname="Watchdog"']}  # fmt: skip
        receivers = [{"name": "nobody"}, {"name": "other", "webhook_configs": [webhook]}]
        self.monitoring.start_alertmanager({"route": {"receiver": "nobody", "routes": [route]}, "receivers": receivers})
        self.monitoring.start_prometheus({}, render_rules(Settings()))

    def kill(self) -> None:
        """All of it at once, as a machine that loses its power."""
        for processes in (self.desk.processes, self.monitoring.processes):
            for process in processes.values():
                process.kill()
        self.database.kill()

    def titles(self) -> list[str]:
        return [call.json["title"] for call in self.told.calls]

    def close(self) -> None:
        self.monitoring.close()
        self.desk.close()
        self.told.close()
        self.database.close()


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[tuple[House, House]]:
    pair = House(tmp_path / "a", "anna"), House(tmp_path / "b", "bruno")
    yield pair
    for house in pair:
        house.close()


def test_one_is_killed_and_the_other_tells(houses: tuple[House, House]) -> None:
    anna, bruno = houses
    for house in houses:
        house.start()
    anna.watch(bruno)
    bruno.watch(anna)
    for watcher, watched in ((anna, bruno), (bruno, anna)):
        wait_until(
            f"{watcher.name} hears {watched.name}",
            lambda watcher=watcher, watched=watched: (
                watcher.database.run("SELECT name FROM sereno.heartbeat") == [(watched.name,)]
            ),
            150,
        )
    assert anna.titles() == bruno.titles() == [], "nobody is missed while both live"
    anna.kill()
    wait_until("the other tells", lambda: bool(bruno.titles()), 120)
    assert bruno.titles()[0] == "[critical] Opened: No sign of life from anna"
    (incident,) = bruno.database.run("SELECT opened_by, state FROM sereno.incident")
    assert incident == ("heartbeat:anna", "open")
