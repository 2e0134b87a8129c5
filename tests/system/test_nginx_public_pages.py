"""The public pages through a real Nginx, with several processes of the desk and a real database behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from tests.equipment import mariadb
from tests.equipment.desk_server import DeskServer
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import free_port, wait_until
from tests.equipment.nginx import Nginx, is_missing

from sereno.core.clock import utc_now
from sereno.core.text import LANGUAGES, Text
from sereno.database.session import Database, make_engine
from sereno.guard.model import Actor
from sereno.respond.incidents.service import Incidents
from sereno.respond.maintenance.model import Wanted
from sereno.respond.maintenance.service import Calendar
from sereno.respond.status import store
from sereno.respond.status.uptime import Day

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(is_missing() or mariadb.is_missing(), reason="this machine has no Nginx or no MariaDB"),
]

BOB = Actor("bob", "192.0.2.1")
PUBLICATIONS = 5
READERS = 4
VISIBLE_SECONDS = 2.0


class House:
    """Nginx, three processes of the desk, and the database, which the tests write to as another process would."""

    def __init__(self, folder: Path) -> None:
        self.server = MariaDb().create()
        self.nginx = Nginx(ports={"webapp": free_port()})
        www = str(self.nginx.folder / "www")
        self.desk = DeskServer(
            folder,
            self.server,
            port=self.nginx.ports["webapp"],
            extra={"SERENO_WWW": www, "SERENO_WEB_WORKERS": "3", "SERENO_WEB_THREADS": "2"},
        )
        self.desk.start()
        self.database = Database(make_engine(self.server.url))
        self.incidents = Incidents(self.database)
        self.calendar = Calendar(self.database, lambda: {"mysql", "nginx"})
        self.nginx.start()

    def close(self) -> None:
        self.database.engine.dispose()
        self.nginx.close()
        self.desk.close()
        self.server.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    built = House(tmp_path_factory.mktemp("desk"))
    yield built
    built.close()


class Readers:
    """Some who read a page again and again. `slowest` is the longest that one answer took."""

    def __init__(self, nginx: Nginx, path: str) -> None:
        self.nginx, self.path = nginx, path
        self.stop = threading.Event()
        self.latest: dict[int, tuple[float, str]] = {}
        self.slowest = 0.0
        self.threads = [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]

    def __enter__(self) -> Readers:
        for thread in self.threads:
            thread.start()
        wait_until("all of them read", lambda: len(self.latest) == READERS)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(20)

    def _read(self, number: int) -> None:
        while not self.stop.is_set():
            asked = time.monotonic()
            text = self.nginx.get(self.path).text
            self.slowest = max(self.slowest, time.monotonic() - asked)
            self.latest[number] = (asked, text)
            time.sleep(0.02)

    def all_see(self, words: str, since: float) -> bool:
        """Whether everyone's last answer to a request made after `since` has the words."""
        return all(asked > since and words in text for asked, text in self.latest.values())


@pytest.mark.parametrize("path", ["/", "/status.json", "/status.rss"])
def test_an_update_is_visible_within_two_seconds_of_publishing_whoever_reads_meanwhile(house: House, path: str) -> None:
    one = house.incidents.open(Text("Orders are slow", ""), "critical", ["mysql"], actor=BOB)
    with Readers(house.nginx, path) as readers:
        for number in range(PUBLICATIONS):
            words = f"update {number} for {path.strip('/') or 'all'}"
            readers.slowest = 0.0
            house.incidents.publish(one.id, words, BOB)
            published = time.monotonic()
            wait_until(f"{words!r} is seen", lambda words=words, since=published: readers.all_see(words, since))
            took = time.monotonic() - published
            # What one answer takes on a busy machine is no cache's doing.
            assert took - readers.slowest < VISIBLE_SECONDS, (number, took, readers.slowest)
    house.incidents.resolve(one.id, BOB)


def test_a_planned_maintenance_is_visible_as_soon(house: House) -> None:
    with Readers(house.nginx, "/") as readers:
        begin = utc_now() + timedelta(hours=1)
        wanted = Wanted(Text("New disk", ""), Text("", ""), begin, begin + timedelta(hours=1), ("mysql",))
        readers.slowest = 0.0
        planned = house.calendar.add(wanted, actor=BOB)
        since = time.monotonic()
        wait_until("it is seen", lambda: readers.all_see("New disk", since))
        assert time.monotonic() - since - readers.slowest < VISIBLE_SECONDS
    house.calendar.cancel(planned.id, actor=BOB)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/status/mysql", "text/html"),
        ("/history/2026-11", "text/html"),
        ("/status.rss", "application/rss+xml"),
        ("/badge/mysql.svg", "image/svg+xml"),
        ("/badge/mysql/uptime.svg", "image/svg+xml"),
    ],
)
def test_other_public_pages_are_shared_for_a_moment_in_each_language(house: House, path: str, kind: str) -> None:
    seen = set()
    for language in LANGUAGES:
        answer = house.nginx.get(path, Accept_Language=language)
        assert answer.status == 200, answer.text
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.headers["Content-Security-Policy"].count("default-src") == 1
        assert "Set-Cookie" not in answer.headers
        seen.add(answer.text)
    assert len(seen) == len(LANGUAGES) or kind == "text/html" or "rss" in kind or "<svg" in seen.pop()
    before = len(house.nginx.access_log())

    def was_shared() -> bool:
        house.nginx.get(path)
        return any(line["cache"] == "HIT" and line["path"] == path for line in house.nginx.access_log()[before:])

    wait_until("a second reader is given the first one's page", was_shared)
    house.nginx.get(path, Cookie="sereno_session=somebodys")
    # The line is written when the answer has been sent.
    wait_until("who is signed in is not given it", lambda: house.nginx.access_log()[-1]["cache"] == "BYPASS")


def test_what_has_no_page_is_not_found_and_nothing_of_the_folder_is_shown(house: House) -> None:
    for path in ("/status/en.html", "/status/nothing", "/status/", "/badge/nothing.svg", "/history/2026-13"):
        assert house.nginx.get(path).status == 404, path


def test_sums_are_right_on_the_real_database_too(house: House) -> None:
    today = utc_now().date()
    with house.database.unit_of_work() as session:
        for back in range(3):
            seconds = {"mysql": Day(up=86_000, down=400), "nginx": Day(unmeasured=86_400)}
            store.save_day(session, today - timedelta(days=back), seconds, rolled_at=utc_now())
        store.save_day(session, today, {"mysql": Day(up=100)}, rolled_at=utc_now())
    with house.database.unit_of_work() as session:
        assert store.sums_since(session, today - timedelta(days=1)) == {"mysql": Day(up=172_000, down=800)}
        assert set(store.days_of(session, "mysql")) == {today - timedelta(days=back) for back in range(3)}
        assert set(store.rolled_since(session, today)) == {today}


def test_while_the_database_is_away_the_last_good_page_still_tells_of_incidents_and_maintenance(house: House) -> None:
    one = house.incidents.open(Text("The cellar is under water", ""), "critical", ["mysql"], actor=BOB)
    house.incidents.publish(one.id, "We are **pumping**.", BOB)
    begin = utc_now() + timedelta(hours=1)
    wanted = Wanted(Text("New cellar", ""), Text("", ""), begin, begin + timedelta(hours=1), ("mysql",))
    house.calendar.add(wanted, actor=BOB)
    wait_until(
        "it is seen", lambda: "pumping" in house.nginx.get("/").text and "New cellar" in house.nginx.get("/").text
    )
    # As the worker's copy; without a Prometheus the desk has none to give.
    for language in LANGUAGES:
        page = house.desk.get("/", Accept_Language=language).text
        house.nginx.write(f"status/{language}.html", page)
    assert Xml.fromstring(house.nginx.get("/status.rss").body).findall("channel/item")  # noqa: S314 -- our own.
    house.server.stop()
    try:
        wait_until("the copy is given", lambda: house.nginx.get("/").headers["Cache-Control"] == "no-store", 30)
        page = house.nginx.get("/")
        assert page.status == 200
        assert "<strong>pumping</strong>" in page.text and "New cellar" in page.text
        assert house.nginx.get("/status/mysql").status == 503
        assert house.nginx.get("/badge/mysql.svg").status in (200, 503)
    finally:
        house.server.start()
    wait_until("the pages are live again", lambda: house.nginx.get("/status/mysql").status == 200, 40)
