"""`/services` and `/api/v1/probes`: who sees what, adding, changing and removing probes, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from tests.equipment.desk import Visitor
from tests.equipment.readings import HOST, Readings

from sereno.core.errors import Unavailable
from sereno.database.session import Database
from sereno.guard import audit
from sereno.outside.prometheus import InstantSeries
from sereno.settings import Settings
from sereno.watch.probes import store
from sereno.watch.probes.stored import Stored

Begin = Callable[..., Visitor]
INSIDE = {"prometheus": 9090, "nginx-status": 8081}
TARGET = {"target": "http://127.0.0.1:7999/health"}


class Seeing:
    """A Prometheus that has seen what a test says; `away` is one that does not answer."""

    def __init__(self) -> None:
        self.series: list[InstantSeries] = []
        self.away = False

    def instant(self, query: str) -> list[InstantSeries]:
        if self.away:
            raise Unavailable("prometheus does not answer")
        return self.series

    def saw(self, name: str, *, success: float, **readings: float) -> None:
        values = {"success": success, "asked": 1795521600.0, "seconds": 0.25, **readings}
        self.series += [
            InstantSeries({"reading": reading, "instance": name}, 0.0, value) for reading, value in values.items()
        ]


@pytest.fixture(autouse=True)
def seeing(app: Flask) -> Seeing:
    own = app.extensions["sereno"]
    own.surroundings = replace(own.surroundings, inner_ports=INSIDE, settings=SETTINGS)
    own.neighbours["prometheus"] = given = Seeing()
    return given


SETTINGS = Settings.model_validate(
    {
        "services": [{"name": "shop", "title": "Shop", "title_es": "Tienda", "upstream": "127.0.0.1:3999"}],
        "probes": [{"name": "mail", "kind": "tcp", "target": "mail.example:25"}],
    }
)


@pytest.fixture
def bob(signed_in: Begin) -> Visitor:
    return signed_in("bob")


def stored(database: Database) -> list[Stored]:
    with database.unit_of_work() as session:
        return store.stored_probes(session)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_an_operator_adds_a_probe_by_its_target_alone(bob: Visitor, database: Database) -> None:
    answer = bob.post("/services/add", {**TARGET, "interval": "15s", "certificate_days": "21", "verify": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/services")
    (added,) = stored(database)
    assert (added.probe.name, str(added.probe.kind), added.address) == ("probe-127-0-0-1", "http", "127.0.0.1")
    assert added.probe.verify and not added.probe.public and not added.probe.follow
    page = words(bob.get("/services").text)
    assert "is probed from now on" in page
    assert "http://127.0.0.1:7999/health http · every 15 s · not on the public page" in page


@pytest.mark.parametrize(
    ("fields", "said", "field"),
    [
        ({"target": "http://127.0.0.1:9090/"}, "internal ports", "target"),
        ({"target": "http://[::ffff:169.254.169.254]/"}, "link-local", "target"),
        ({"target": "http://me:secret@127.0.0.1/"}, "user name or password", "target"),
        ({"target": "gopher://127.0.0.1/", "kind": "http"}, "does not fit its kind", "target"),
        ({"target": "127.0.0.1", "kind": "tcp"}, "does not fit its kind", "target"),
        ({**TARGET, "name": "Two Words"}, "Use up to 40", "name"),
        ({**TARGET, "name": "mail"}, "Something else has this name", "name"),
        ({**TARGET, "name": "desk"}, "Something else has this name", "name"),
        ({**TARGET, "name": "mysql"}, "Something else has this name", "name"),
        ({**TARGET, "status": "200 9999"}, "Write statuses", "status"),
    ],
)
def test_a_refused_probe_shows_the_form_again_as_typed(
    bob: Visitor, database: Database, fields: dict[str, str], said: str, field: str
) -> None:
    answer = bob.post("/services/add", {"interval": "15s", "certificate_days": "21", **fields})
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert f'aria-describedby="{field}-said"' in answer.text and 'aria-invalid="true"' in answer.text
    assert f'value="{fields["target"]}"' in answer.text
    assert stored(database) == []


def test_a_refusal_is_told_in_spanish_to_whoever_reads_spanish(bob: Visitor) -> None:
    answer = bob.post(
        "/services/add?lang=es", {"target": "http://127.0.0.1:9090/", "interval": "15s", "certificate_days": "21"}
    )
    assert "puertos o contenedores internos" in answer.text


def test_a_probe_is_edited_and_removed_and_the_trail_tells(bob: Visitor, database: Database) -> None:
    bob.post("/services/add", {**TARGET, "name": "site", "interval": "15s", "certificate_days": "21"})
    number = stored(database)[0].id
    assert 'value="http://127.0.0.1:7999/health"' in bob.get(f"/services/{number}/edit").text
    bob.post(
        f"/services/{number}/edit",
        {**TARGET, "name": "site", "title": "Our site", "interval": "30s", "certificate_days": "21"},
    )
    (changed,) = stored(database)
    assert (changed.probe.title.en, changed.probe.interval_seconds) == ("Our site", 30)
    assert "Remove Our site?" in words(bob.get(f"/services/{number}/delete").text)
    assert bob.post(f"/services/{number}/delete", {}).status_code == 303
    assert stored(database) == []
    with database.unit_of_work() as session:
        entries = [each for each in audit.find(session, audit.Search()) if each.action.startswith("probe.")]
    assert [(each.action, each.subject, each.actor) for each in entries] == [
        ("probe.remove", "probe:site", "bob"),
        ("probe.change", "probe:site", "bob"),
        ("probe.add", "probe:site", "bob"),
    ]
    assert (entries[1].old["interval"], entries[1].new["interval"]) == ("15s", "30s")
    assert "target" not in entries[1].new


def test_a_viewer_sees_and_changes_nothing(signed_in: Begin, bob: Visitor, database: Database) -> None:
    bob.post("/services/add", {**TARGET, "name": "site", "interval": "15s", "certificate_days": "21"})
    charlie = signed_in("charlie")
    page = charlie.get("/services").text
    assert "site" in page and "/services/add" not in page and "/edit" not in page
    assert charlie.get("/services/add").status_code == 403
    number = stored(database)[0].id
    for verb in ("edit", "delete"):
        assert charlie.post(f"/services/{number}/{verb}", TARGET).status_code == 403
    assert len(stored(database)) == 1


def test_what_stands_in_the_file_is_shown_as_the_files_with_its_state(bob: Visitor, seeing: Seeing) -> None:
    seeing.saw("shop", success=1, http=200)
    seeing.saw("mail", success=0)
    page = bob.get("/services").text
    text = words(page)
    assert "Behind this server" in text and "Shop shop" in text
    assert "Up" in text and "status 200 · 250 ms" in text
    assert "Down" in text
    assert page.count(">sereno.toml</span>") == 2
    assert "/edit" not in page
    assert "Tienda" in bob.get("/services?lang=es").text


def test_without_prometheus_nothing_is_known_and_the_page_still_comes(bob: Visitor, seeing: Seeing) -> None:
    seeing.away = True
    text = words(bob.get("/services").text)
    assert "Unknown" in text and "Up" not in text and "none yet" in text


def test_a_stored_probe_rests_while_the_file_uses_its_name(bob: Visitor, app: Flask) -> None:
    bob.post("/services/add", {**TARGET, "name": "site", "interval": "15s", "certificate_days": "21"})
    own = app.extensions["sereno"]
    more = {"probes": [{"name": "site", "target": "https://elsewhere.example/"}]}
    own.surroundings = replace(own.surroundings, settings=Settings.model_validate(more))
    assert "rests: sereno.toml has come to use its name" in words(bob.get("/services").text)
    token = {"Authorization": "Bearer delivery-token"}
    assert app.test_client().get("/api/v1/targets", headers=token).json == []


def test_prometheus_alone_is_told_the_targets(app: Flask, bob: Visitor) -> None:
    bob.post("/services/add", {**TARGET, "name": "site", "interval": "15s", "certificate_days": "21"})
    assert bob.get("/api/v1/targets").status_code == 401
    answer = app.test_client().get("/api/v1/targets", headers={"Authorization": "Bearer delivery-token"})
    (group,) = answer.json
    assert group["targets"] == ["http://127.0.0.1:7999/health"]
    assert (group["labels"]["instance"], group["labels"]["source"]) == ("site", "stored")


def test_a_program_adds_reads_changes_and_removes(bob: Visitor) -> None:
    added = bob.api("POST", "/api/v1/probes", {**TARGET, "contains": "ok", "status": [200, 204]})
    assert added.status_code == 201, added.text
    assert added.headers["Location"] == f"/api/v1/probes/{added.json['id']}"
    path = added.headers["Location"]
    assert (added.json["name"], added.json["source"], added.json["state"]) == ("probe-127-0-0-1", "stored", "unknown")
    again = bob.api("POST", "/api/v1/probes", {**TARGET, "name": "probe-127-0-0-1"})
    assert (again.status_code, again.mimetype) == (409, "application/problem+json")
    changed = bob.api("PATCH", path, {"interval": "1m", "title": "Site"})
    assert (changed.json["interval"], changed.json["title"], changed.json["status"]) == ("60s", "Site", [200, 204])
    assert bob.get(path).json["contains"] == "ok"
    names = [each["name"] for each in bob.get("/api/v1/probes").json["probes"]]
    assert names == ["shop", "mail", "probe-127-0-0-1"]
    assert bob.api("DELETE", path).status_code == 204
    assert bob.api("DELETE", path).status_code == 404


def test_a_refused_target_is_a_problem_with_its_reason(bob: Visitor) -> None:
    refused = bob.api("POST", "/api/v1/probes", {"target": "http://169.254.169.254/latest/meta-data/"})
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    assert "link-local" in refused.json["detail"] and refused.json["next_step"]


def test_the_operators_home_shows_each_machine_where_there_are_several(app: Flask, bob: Visitor) -> None:
    own = app.extensions["sereno"]
    assert "Your machines" not in bob.get("/desk").text
    hosts = {"hosts": [{"name": "attic", "address": "192.0.2.7:9100"}, {"name": "barn", "address": "192.0.2.8:9100"}]}
    own.surroundings = replace(own.surroundings, settings=Settings.model_validate(hosts))
    own.neighbours["readings"] = Readings(hosts=(replace(HOST, instance="attic", cpu_percent=95.0), HOST))
    text = words(bob.get("/desk").text)
    assert "cellar-42 23 % 61 % 44 % attic 95 % 61 % 44 % barn Unknown Unknown Unknown" in text
