"""What the public reads beyond the present moment: incidents, maintenance, past days, feeds and badges."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, desk_app
from tests.equipment.desk_server import alert as delivered
from tests.equipment.desk_server import payload
from tests.equipment.readings import Readings

from sereno.core.text import Text
from sereno.database.session import Database, make_engine
from sereno.guard.model import Actor
from sereno.respond.incidents.service import Incidents
from sereno.respond.maintenance.model import Wanted
from sereno.respond.status import store
from sereno.respond.status.uptime import DAY_SECONDS, Day
from sereno.settings import Settings
from sereno.watch.model import State
from sereno.web.maintenance import calendar

Begin = Callable[[str], Visitor]
BOB = Actor("bob", "192.0.2.1")


@pytest.fixture
def readings(app: Flask) -> Readings:
    given = Readings()
    app.extensions["sereno"].neighbours["readings"] = given
    return given


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def parsed(document: bytes) -> Xml.Element:
    return Xml.fromstring(document)  # noqa: S314 -- the desk's own answer.


def forget(app: Flask) -> None:
    """As half a minute later: nothing is remembered from the last request."""
    app.extensions["sereno.front"].reader = app.extensions["sereno.front"].past = None


@pytest.fixture
def incidents(app: Flask, database: Database, clock: Any) -> Incidents:
    return Incidents(database, clock=clock)


def plan(app: Flask, clock: Any, *, begins: float = 1, hours: float = 1, **changes: Any) -> int:
    """A maintenance of the database, by hours from now."""
    begin = clock() + timedelta(hours=begins)
    fields = {"title": Text("New disk", "Disco nuevo"), "text": Text("**Slow** for an hour", "")} | changes
    wanted = Wanted(
        begins_at=begin, ends_at=begin + timedelta(hours=hours), components=changes.pop("components", ("mysql",)),
        **{name: fields[name] for name in ("title", "text")},
    )  # fmt: skip
    with app.app_context():
        return calendar().add(wanted, actor=BOB).id


def sum_up(database: Database, days: dict[date, Day], component: str = "mysql") -> None:
    from sereno.core.clock import utc_now

    with database.unit_of_work() as session:
        for day, seconds in days.items():
            store.save_day(session, day, {component: seconds}, rolled_at=utc_now())


# Incidents.


def test_what_was_published_stands_on_top_and_what_was_not_stays_inside(
    app: Flask, visitor: Visitor, readings: Readings, incidents: Incidents
) -> None:
    one = incidents.open(Text("Orders are slow", "Los pedidos van lentos"), "critical", ["mysql"], actor=BOB)
    incidents.comment(one.id, "the disk of 10.1.2.3 again", BOB)
    assert "Orders are slow" not in visitor.get("/").text
    incidents.publish(one.id, "We are **looking** into it. <script>alert(1)</script>", BOB)
    forget(app)
    page = visitor.get("/").text
    assert "Incidents now" in page and "Orders are slow" in page
    assert "<strong>looking</strong>" in page
    assert "<script>alert" not in page and "10.1.2.3" not in page and "bob" not in page
    assert "It works, and something needs attention." in words(page)
    assert "Los pedidos van lentos" in visitor.get("/", Accept_Language="es").text
    document = visitor.get("/status.json").json
    assert document["status"] == "attention"
    assert document["incidents"][0]["title"] == {"en": "Orders are slow", "es": "Los pedidos van lentos"}
    assert document["incidents"][0]["components"] == ["mysql"]


def test_what_is_resolved_moves_down_and_into_the_months(
    app: Flask, visitor: Visitor, readings: Readings, incidents: Incidents, clock: Any
) -> None:
    one = incidents.open(Text("Orders are slow", ""), "critical", ["mysql"], actor=BOB)
    incidents.publish(one.id, "We are looking into it.", BOB)
    clock.advance(hours=2)
    incidents.resolve(one.id, BOB)
    text = words(visitor.get("/").text)
    assert "Incidents now" not in text
    assert "Everything works." in text
    assert "Orders are slow Resolved Database" in text and "lasted 2 h" in text
    assert "Orders are slow" in visitor.get("/history/2026-11").text
    assert "Orders are slow" not in visitor.get("/history/2026-10").text
    assert "Orders are slow" in visitor.get("/status/mysql").text
    assert "Orders are slow" not in visitor.get("/status/nginx").text
    clock.advance(days=20)
    forget(app)
    assert "Orders are slow" not in visitor.get("/").text


@pytest.mark.parametrize(
    ("summary", "name", "shown"),
    [
        ("Low disk space", "LowDiskSpace", "Low disk space"),
        ("10.1.2.3 has no space", "LowDiskSpace", "LowDiskSpace"),
        ("The till is on fire", "SomebodysOwnRule", "SomebodysOwnRule"),
    ],
)
def test_a_title_that_alerts_made_gives_away_nothing_inside(
    app: Flask, visitor: Visitor, readings: Readings, incidents: Incidents, summary: str, name: str, shown: str
) -> None:
    told = delivered("a", name=name, instance="10.1.2.3")
    told["annotations"] = {"summary": summary, "summary_es": summary}
    answer = app.test_client().post(
        "/api/v1/alertmanager", json=payload(told), headers={"Authorization": "Bearer delivery-token"}
    )
    assert answer.status_code == 200
    one = incidents.page(_all()).incidents[0]
    incidents.publish(one.id, "We know.", BOB)
    page = visitor.get("/history/2026-11").text
    assert f"<h3>{shown}</h3>" in page
    assert "10.1.2.3" not in page + visitor.get("/").text + visitor.get("/status.json").text
    assert "10.1.2.3" not in visitor.get("/status.rss").text


def _all() -> Any:
    from sereno.respond.incidents.store import Wanted as WantedIncidents

    return WantedIncidents()


# Maintenance.


def test_maintenance_is_announced_in_the_readers_language_and_goes_when_it_is_cancelled(
    app: Flask, visitor: Visitor, readings: Readings, clock: Any
) -> None:
    number = plan(app, clock)
    page = visitor.get("/").text
    assert "New disk Planned Database" in words(page) and "<strong>Slow</strong>" in page
    assert "Disco nuevo Previsto" in words(visitor.get("/", Accept_Language="es").text)
    assert visitor.get("/status.json").json["maintenance"][0]["phase"] == "planned"
    with app.app_context():
        calendar().cancel(number, actor=BOB)
    forget(app)
    assert "New disk" not in visitor.get("/").text


def test_what_is_down_as_announced_is_no_outage(app: Flask, visitor: Visitor, readings: Readings, clock: Any) -> None:
    readings.states = {"mysql": State.DOWN}
    plan(app, clock, begins=0)
    assert "Part of the service is down for announced maintenance." in words(visitor.get("/").text)
    assert visitor.get("/status.json").json["status"] == "maintenance"
    assert "Maintenance" in visitor.get("/badge/mysql.svg").text
    readings.states = {"mysql": State.DOWN, "nginx": State.DOWN}
    forget(app)
    assert visitor.get("/status.json").json["status"] == "down"


def test_operators_plan_change_end_and_cancel_on_the_page(app: Flask, signed_in: Begin, clock: Any) -> None:
    bob = signed_in("bob")
    form = {
        "title": "New disk",
        "title_es": "",
        "begins_at": "2026-11-24T13:00",
        "ends_at": "2026-11-24T14:00",
        "component": "mysql",
    }
    refused = bob.post("/maintenance/add", form | {"ends_at": "2026-11-24T12:30"})
    assert refused.status_code == 422 and "The end must lie after the begin" in refused.text
    assert bob.post("/maintenance/add", form).headers["Location"] == "/maintenance"
    assert "New disk" in bob.get("/maintenance").text
    assert bob.post("/maintenance/1/edit", form | {"title": "Newer disk"}).status_code == 303
    clock.advance(hours=1.5)
    assert "End Newer disk now?" in bob.get("/maintenance/1/end").text
    assert bob.post("/maintenance/1/end").status_code == 303
    assert "Done" in bob.get("/maintenance").text
    late = bob.post("/maintenance/1/end")
    assert late.status_code == 303 and "is over already" in bob.get("/maintenance").text
    assert "Plan a maintenance" not in signed_in("charlie").get("/maintenance").text


def test_the_api_plans_changes_ends_and_cancels(signed_in: Begin, clock: Any) -> None:
    bob = signed_in("bob")
    body = {"title": "New disk", "ends_at": "2026-11-24T14:00:00Z", "components": ["mysql"]}
    added = bob.api("POST", "/api/v1/maintenance", body)
    assert (added.status_code, added.json["phase"]) == (201, "running")
    path = added.headers["Location"]
    assert bob.api("PATCH", path, {"title_es": "Disco nuevo"}).json["title_es"] == "Disco nuevo"
    assert bob.api("POST", f"{path}/cancel").status_code == 409
    assert bob.api("POST", f"{path}/end").json["phase"] == "ended"
    later = bob.api("POST", "/api/v1/maintenance", body | {"begins_at": "2026-11-24T13:00:00Z"})
    assert later.json["phase"] == "planned"
    assert bob.api("POST", f"{later.headers['Location']}/cancel").json["phase"] == "cancelled"
    listed = bob.api("GET", "/api/v1/maintenance?limit=1").json
    assert (len(listed["items"]), listed["next"]) == (1, 2)
    assert bob.api("GET", "/api/v1/maintenance?before=2").json["next"] is None
    assert bob.api("POST", "/api/v1/maintenance", body | {"components": ["nothing"]}).status_code == 400
    assert bob.api("POST", "/api/v1/maintenance", body | {"ends_at": "2026-11-24T14:00:00"}).status_code == 422


# Past days.


def test_bars_and_shares_stand_beside_each_component(
    app: Flask, visitor: Visitor, readings: Readings, database: Database
) -> None:
    today = date(2026, 11, 24)
    days = {today - timedelta(days=back): Day(up=DAY_SECONDS) for back in range(1, 10)}
    days[today - timedelta(days=3)] = Day(up=DAY_SECONDS - 600, down=600)
    days[today - timedelta(days=200)] = Day(down=DAY_SECONDS)
    sum_up(database, days)
    page = visitor.get("/").text
    assert "90 days: 99.92 % · 1 year: 89.93 % · 1 day with an outage · 81 days not measured" in words(page)
    assert "21 Nov 2026: 99.3 %, down 10 min" in words(page)
    assert "90 días: 99,92 %" in words(visitor.get("/", Accept_Language="es").text)
    assert " style=" not in page
    assert "divided by the time up plus the time down" in page
    found = {each["name"]: each["uptime"] for each in visitor.get("/status.json").json["components"]}
    assert found["mysql"]["days_90"] == pytest.approx(1 - 600 / (9 * DAY_SECONDS))
    assert found["nginx"] == {"days_90": None, "year": None}


def test_a_component_has_a_page_with_its_months_and_years(
    visitor: Visitor, readings: Readings, database: Database
) -> None:
    maintained = Day(up=DAY_SECONDS - 3600, maintenance=3600)
    sum_up(database, {date(2025, 12, 31): Day(up=80_000, down=6_400), date(2026, 10, 1): maintained})
    text = words(visitor.get("/status/mysql").text)
    assert "2026 Month" in text and "October 100 % 0 s 1 h 0 s" in text
    assert "December 92.59 % 1 h 46 min 0 s 0 s" in text
    assert "octubre" in visitor.get("/status/mysql", Accept_Language="es").text


def test_only_what_strangers_may_know_of_has_a_page_or_a_badge(
    app: Flask, visitor: Visitor, signed_in: Begin, readings: Readings
) -> None:
    from dataclasses import replace

    settings = Settings.model_validate(
        {"probes": [{"name": "vault", "target": "https://vault.inside.example/", "status_page": False}]}
    )
    desk = app.extensions["sereno"]
    desk.surroundings = replace(desk.surroundings, settings=settings)
    for path in ("/status/vault", "/badge/vault.svg", "/badge/vault/uptime.svg", "/status/nothing"):
        assert visitor.get(path).status_code == 404, path
    assert signed_in("charlie").get("/status/vault").status_code == 200


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "2026-1", "1999-12", "now", "2026-11-01", "0001-01"])
def test_there_are_no_months_to_come_and_no_others(visitor: Visitor, readings: Readings, month: str) -> None:
    assert visitor.get(f"/history/{month}").status_code == 404


def test_history_begins_with_the_present_month(visitor: Visitor, readings: Readings) -> None:
    assert visitor.get("/history").headers["Location"] == "/history/2026-11"
    assert 'href="/history/2026-10"' in visitor.get("/history/2026-11").text


def test_programs_are_told_the_same_and_each_day(
    app: Flask, visitor: Visitor, signed_in: Begin, readings: Readings, database: Database, clock: Any
) -> None:
    sum_up(database, {date(2026, 11, 23): Day(up=80_000, down=6_400), date(2026, 11, 22): Day(up=DAY_SECONDS)})
    plan(app, clock)
    charlie = signed_in("charlie")
    told, public = charlie.api("GET", "/api/v1/status").json, visitor.get("/status.json").json
    assert told.keys() == public.keys()
    assert (told["status"], told["components"], told["maintenance"]) == (
        public["status"],
        public["components"],
        public["maintenance"],
    )
    days = charlie.api("GET", "/api/v1/status/mysql").json["days"]
    assert [each["day"] for each in days] == ["2026-11-22", "2026-11-23"]
    assert days[1] == {"day": "2026-11-23", "up": 80_000, "down": 6_400, "unmeasured": 0, "maintenance": 0}
    assert charlie.api("GET", "/api/v1/status/nothing").status_code == 404
    assert visitor.api("GET", "/api/v1/status").status_code == 401


# Feed, badges, caching.


def test_the_feed_is_valid_and_tells_each_update_once(
    app: Flask, visitor: Visitor, readings: Readings, incidents: Incidents, clock: Any
) -> None:
    one = incidents.open(Text("Orders & more \x0b\uffff<b>slow</b>", ""), "critical", actor=BOB)
    incidents.publish(one.id, "First **words**", BOB)
    clock.advance(minutes=5)
    incidents.publish(one.id, "Second words", BOB)
    clock.advance(minutes=5)
    incidents.resolve(one.id, BOB)
    plan(app, clock, begins=0)
    answer = visitor.get("/status.rss")
    assert answer.mimetype == "application/rss+xml"
    channel = parsed(answer.data).find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description", "language", "lastBuildDate"))
    items = channel.findall("item")
    assert [item.findtext("title") for item in items] == [
        "Under way: New disk", "Resolved: Orders & more <b>slow</b>", *["Orders & more <b>slow</b>"] * 2,
    ]  # fmt: skip
    assert "<p>First <strong>words</strong></p>" in (items[-1].findtext("description") or "")
    assert len({item.findtext("guid") for item in items}) == len(items)
    dates = [parsedate_to_datetime(item.findtext("pubDate") or "") for item in items]
    assert dates == sorted(dates, reverse=True)
    assert all((item.findtext("link") or "").startswith("https://") for item in items)
    assert "Resuelto:" in visitor.get("/status.rss", Accept_Language="es").text


def test_an_empty_feed_is_a_feed(visitor: Visitor, readings: Readings) -> None:
    assert parsed(visitor.get("/status.rss").data).findall("channel/item") == []


def test_badges_are_small_pictures_that_say_what_the_page_says(
    app: Flask, visitor: Visitor, readings: Readings, database: Database
) -> None:
    readings.states = {"mysql": State.DOWN}
    badge = visitor.get("/badge/mysql.svg")
    assert (badge.mimetype, badge.headers["Cache-Control"]) == ("image/svg+xml", "public, max-age=30")
    assert parsed(badge.data).findtext("{http://www.w3.org/2000/svg}title") == "Database: Down"
    assert "not measured" in visitor.get("/badge/mysql/uptime.svg").text
    sum_up(database, {date(2026, 11, 23): Day(up=9_999, down=1)})
    forget(app)
    assert "99.99 %" in visitor.get("/badge/mysql/uptime.svg").text
    assert "99,99 %" in visitor.get("/badge/mysql/uptime.svg", Accept_Language="es").text
    assert len(badge.data) < 1500


def test_a_title_is_words_wherever_it_stands(app: Flask, visitor: Visitor, readings: Readings) -> None:
    from dataclasses import replace

    title = '</title><script>alert(1)</script>"&'
    settings = Settings.model_validate({"services": [{"name": "shop", "title": title, "upstream": "127.0.0.1:3999"}]})
    desk = app.extensions["sereno"]
    desk.surroundings = replace(desk.surroundings, settings=settings)
    badge = visitor.get("/badge/shop.svg")
    assert parsed(badge.data).findtext("{http://www.w3.org/2000/svg}title") == f"{title}: Up"
    assert "<script>alert" not in badge.text + visitor.get("/").text + visitor.get("/status/shop").text


@pytest.mark.parametrize("path", ["/", "/status/mysql", "/history/2026-11", "/status.rss"])
def test_strangers_share_what_they_read_and_others_do_not(
    visitor: Visitor, signed_in: Begin, readings: Readings, path: str
) -> None:
    public = visitor.get(path)
    assert public.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=1, ")
    assert "Set-Cookie" not in public.headers
    assert visitor.get(f"{path}?utm=x").headers["Cache-Control"] == "no-store"
    assert signed_in("charlie").get(path).headers["Cache-Control"] == "no-store"


def test_the_copy_keeps_what_was_known_when_the_database_goes(
    app: Flask, visitor: Visitor, readings: Readings, incidents: Incidents
) -> None:
    one = incidents.open(Text("Orders are slow", ""), "critical", actor=BOB)
    incidents.publish(one.id, "We are looking into it.", BOB)
    assert "We are looking into it." in visitor.get("/_gate/copy/en").text
    past = app.extensions["sereno.front"].past
    past._database = Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none"))
    past._incidents._database = past._calendar._database = past._database
    past._news._last = past._uptimes._last = None
    assert "We are looking into it." in visitor.get("/_gate/copy/en").text


def test_a_desk_that_is_started_while_the_database_is_away_knows_what_the_one_before_it_knew(
    app: Flask, visitor: Visitor, readings: Readings, incidents: Incidents, database: Database, tmp_path: Path
) -> None:
    one = incidents.open(Text("Orders are slow", ""), "critical", actor=BOB)
    incidents.publish(one.id, "We are looking into it.", BOB)
    sum_up(database, {date(2026, 11, 23): Day(up=80_000, down=6_400)})
    with app.app_context():
        plan_id = plan(app, app.extensions["sereno"].clock)
    assert plan_id
    before = visitor.get("/_gate/copy/es").text
    after = desk_app(
        tmp_path,
        database=Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none")),
        clock=app.extensions["sereno"].clock,
    )
    after.extensions["sereno"].neighbours["readings"] = readings
    assert "We are looking into it." in before and "92,59 %" in before and "Disco nuevo" in before
    assert Visitor(after).get("/_gate/copy/es").text == before
    (tmp_path / "www/own/past.json").write_text('[{"incidents": [{"id": "of another form"}]}, {}]')
    after.extensions["sereno.front"].past = None
    assert "no se conocen los incidentes" in Visitor(after).get("/_gate/copy/es").text


def test_a_desk_that_never_saw_the_database_says_that_it_does_not_know(tmp_path: Path) -> None:
    app = desk_app(tmp_path, database=Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none")))
    app.extensions["sereno"].neighbours["readings"] = Readings()
    page = Visitor(app).get("/_gate/copy/en").text
    assert "Incidents, maintenance and past days are not known right now." in page
    assert "No incident was resolved" not in page
