"""The status page: what strangers, viewers and operators read, and what it does while something is away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, desk_app
from tests.equipment.desk_server import alert as delivered
from tests.equipment.desk_server import payload
from tests.equipment.readings import Readings, alert

from sereno.database.session import Database, make_engine
from sereno.settings import Settings
from sereno.settings.model import StatusPageSection
from sereno.watch.model import Severity, State

Begin = Callable[[str], Visitor]
INSIDE = ("10.1.2.3", "cellar-42", "/srv/hidden-place", "/dev/vdb1")


@pytest.fixture
def readings(app: Flask) -> Readings:
    given = Readings()
    app.extensions["sereno"].neighbours["readings"] = given
    return given


def deliver(app: Flask, *alerts: dict[str, object]) -> None:
    answer = app.test_client().post(
        "/api/v1/alertmanager", json=payload(*alerts), headers={"Authorization": "Bearer delivery-token"}
    )
    assert answer.status_code == 200


def words(html: str) -> str:
    """The page's text as one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_quiet_machine_is_told_in_a_sentence_with_its_numbers(visitor: Visitor, readings: Readings) -> None:
    page = visitor.get("/")
    assert page.status_code == 200
    text = words(page.text)
    assert "Everything works." in text
    for told in ("CPU", "23 %", "Alarm above 80 %", "61 %", "Alarm below 20 %", "44 %", "Alarm below 15 %"):
        assert told in text, told
    assert page.text.count("<svg") == 8


def test_the_page_is_in_spanish_for_whoever_reads_spanish(visitor: Visitor, readings: Readings) -> None:
    text = words(visitor.get("/", Accept_Language="es-CO,es;q=0.9").text)
    assert "Todo funciona." in text
    assert "Base de datos" in text
    assert "Everything works." in words(visitor.get("/").text)


def test_a_component_that_is_down_is_named(visitor: Visitor, readings: Readings) -> None:
    readings.states = {"mysql": State.DOWN, "nginx-exporter": State.UNKNOWN}
    text = words(visitor.get("/").text)
    assert "Part of the service is down." in text
    assert "Down: Database" in text


def test_without_prometheus_the_page_says_that_nothing_is_known(visitor: Visitor, readings: Readings) -> None:
    readings.problem = "prometheus does not answer"
    page = visitor.get("/")
    assert page.status_code == 200
    text = words(page.text)
    assert "The state is not known right now." in text
    assert "Everything works" not in text
    assert "Fine" not in text


def test_strangers_learn_nothing_of_the_inside(app: Flask, visitor: Visitor, readings: Readings) -> None:
    settings = Settings(status_page=StatusPageSection(title="The lamp shop"))
    app.extensions["sereno"].surroundings = _with_settings(app, settings)
    deliver(app, delivered("a", name="LowDiskSpace", instance="10.1.2.3"), delivered("b", name="SomebodysOwnRule"))
    page = visitor.get("/").text
    assert "The lamp shop" in page
    assert "LowDiskSpace" in page and "SomebodysOwnRule" in page
    assert [inside for inside in INSIDE if inside in page + visitor.get("/status.json").text] == []


def test_what_users_have_of_their_own_stands_on_the_page_without_where_it_is(
    app: Flask, visitor: Visitor, signed_in: Begin, readings: Readings
) -> None:
    settings = Settings.model_validate(
        {
            "services": [{"name": "shop", "title": "Shop", "title_es": "Tienda", "upstream": "127.0.0.1:3999"}],
            "probes": [
                {"name": "mail", "kind": "tcp", "target": "mail.inside.example:25", "group": "Post"},
                {"name": "vault", "target": "https://vault.inside.example/", "status_page": False},
            ],
            "hosts": [{"name": "attic", "address": "192.0.2.99:9100"}],
        }
    )
    app.extensions["sereno"].surroundings = _with_settings(app, settings)
    readings.states = {"mail": State.DOWN}
    deliver(app, delivered("p", name="ProbeFailed", instance="vault"))
    page, spanish = visitor.get("/").text, visitor.get("/", Accept_Language="es").text
    assert "Part of the service is down." in words(page)
    assert "Down: mail" in words(page)
    assert "Services Shop Up" in words(page) and "Servicios Tienda" in words(spanish)
    assert "Post mail Down" in words(page) and "attic Unknown" in words(page)
    document = visitor.get("/status.json")
    assert [
        inside for inside in ("inside.example", "3999", "vault", "192.0.2.99") if inside in page + document.text
    ] == []
    found = {each["name"]: each for each in document.json["components"]}
    assert (found["mail"]["state"], found["mail"]["kind"], found["mail"]["group"]) == ("down", "probe", "Post")
    assert (found["shop"]["title"], found["shop"]["kind"]) == ({"en": "Shop", "es": "Tienda"}, "service")
    assert [machine["name"] for machine in document.json["machines"]] == ["attic"]
    assert "vault" in signed_in("charlie").get("/").text


def test_signed_in_readers_see_host_disk_and_sentence(app: Flask, signed_in: Begin, readings: Readings) -> None:
    deliver(app, delivered("a", name="LowDiskSpace", instance="10.1.2.3"))
    page = signed_in("charlie").get("/").text
    assert "cellar-42" in page and "/srv/hidden-place" in page
    assert "LowDiskSpace on 10.1.2.3" in page
    assert "What takes most" not in page


def test_operators_see_what_takes_most(signed_in: Begin, readings: Readings) -> None:
    page = words(signed_in("bob").get("/").text)
    assert page.index("What takes most of the machine") < page.index("25.0 %") < page.index("5.0 %")


def test_the_heartbeat_is_no_alert(app: Flask, visitor: Visitor, readings: Readings) -> None:
    deliver(app, delivered("w", name="Watchdog", severity="none"))
    text = words(visitor.get("/").text)
    assert "Everything works." in text
    assert "Watchdog" not in text


def test_strangers_share_a_page_that_a_cache_may_keep_and_others_do_not(
    visitor: Visitor, signed_in: Begin, readings: Readings
) -> None:
    public = visitor.get("/")
    assert public.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=1, ")
    assert "Set-Cookie" not in public.headers
    assert "Vary" not in public.headers
    assert signed_in("charlie").get("/").headers["Cache-Control"] == "no-store"


def test_what_one_stranger_asks_for_never_gets_into_the_page_of_the_next(visitor: Visitor, readings: Readings) -> None:
    strange = visitor.get("/?utm=leaked-words").text
    assert "leaked-words" not in strange
    assert strange == visitor.get("/").text


def test_a_crowd_of_readers_asks_prometheus_once(visitor: Visitor, readings: Readings) -> None:
    for _ in range(20):
        visitor.get("/")
        visitor.get("/status.json")
    assert readings.asked == 1


def test_status_json_tells_null_for_what_is_not_known(visitor: Visitor, readings: Readings) -> None:
    known = visitor.get("/status.json").json
    assert known["status"] == "ok"
    assert known["measurements"][0] == {
        "kind": "cpu",
        "number": 1,
        "percent": 23.4,
        "threshold": 80.0,
        "trouble": "above",
        "beyond": False,
    }
    assert known["sentence"] == {"en": "Everything works.", "es": "Todo funciona."}
    assert {"name": "mysql", "state": "up"}.items() <= known["components"][0].items()


def test_status_json_without_prometheus(app: Flask, visitor: Visitor, readings: Readings) -> None:
    readings.problem = "prometheus does not answer"
    unknown = visitor.get("/status.json").json
    assert unknown["status"] == "unknown"
    assert unknown["last_scrape"] is None
    assert {one["percent"] for one in unknown["measurements"]} == {None}


def test_the_copy_says_its_age_in_its_own_text_in_both_languages(visitor: Visitor, readings: Readings) -> None:
    assert "as of 12:00 UTC; the desk does not answer" in visitor.get("/_gate/copy/en").text
    spanish = visitor.get("/_gate/copy/es", Accept_Language="en").text
    assert "con datos de las 12:00 UTC; la mesa de guardia no responde" in spanish
    assert '<html lang="es"' in spanish
    assert 'href="/?lang=en"' in spanish
    assert visitor.get("/_gate/copy/fr").status_code == 404


def test_the_copy_needs_no_database_and_shows_prometheus_own_alerts(tmp_path: Path) -> None:
    app = desk_app(tmp_path, database=Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none")))
    app.extensions["sereno"].neighbours["readings"] = Readings(
        states={"mysql": State.DOWN}, alerts=(alert("MysqlDown", Severity.CRITICAL, instance="10.1.2.3"),)
    )
    visitor = Visitor(app)
    page = visitor.get("/_gate/copy/en")
    assert page.status_code == 200
    assert "Part of the service is down." in page.text
    assert "MysqlDown" in page.text
    assert "10.1.2.3" not in page.text
    assert visitor.get("/").status_code == 503


def test_there_is_no_copy_of_ignorance(visitor: Visitor, readings: Readings) -> None:
    readings.problem = "prometheus does not answer"
    assert visitor.get("/_gate/copy/en").status_code == 503


def _with_settings(app: Flask, settings: Settings) -> object:
    from dataclasses import replace

    return replace(app.extensions["sereno"].surroundings, settings=settings)
