"""`/certificates` and its API, from the worker's report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import Visitor

from sereno.core.errors import Unavailable
from sereno.keep.certificates import record
from sereno.keep.certificates.model import Attempt, Held, Report
from sereno.outside.prometheus import InstantSeries
from sereno.web.desk import Desk

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SignedIn = Callable[[str], Visitor]

HELD = Held("acme", ("shop.test",), "R11", "1f", "ab", NOW - timedelta(days=30), NOW + timedelta(days=59, hours=5))
REPORT = Report(
    made_at=NOW, kind="acme", wanted=("shop.test",), held=HELD, planned_at=NOW + timedelta(days=30), why="lifetime"
)
FAILED = Attempt(NOW, "lifetime", succeeded=False, code="dns", detail='shop.test: <no> "such" name')


@dataclass
class Measured:
    """Prometheus, which knows one number or does not answer."""

    values: list[float] = field(default_factory=list)
    silent: bool = False

    def instant(self, query: str) -> list[InstantSeries]:
        assert query == "sereno_certificate_served"
        if self.silent:
            raise Unavailable("prometheus does not answer")
        return [InstantSeries({}, 0, value) for value in self.values]


@pytest.fixture
def measured(app: Flask) -> Measured:
    desk: Desk = app.extensions["sereno"]
    desk.neighbours["certificates-prometheus"] = known = Measured([1])
    return known


@pytest.fixture
def tell(tmp_path: Path, measured: Measured) -> Callable[[Report], None]:
    def write(report: Report) -> None:
        (tmp_path / "www").mkdir(exist_ok=True)
        (tmp_path / "www" / record.FILE_NAME).write_text(record.written(report))

    return write


def page(visitor: Visitor, language: str = "en") -> str:
    answer = visitor.get(f"/certificates?lang={language}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_stranger_sees_nothing(visitor: Visitor) -> None:
    assert visitor.get("/certificates").status_code == 303
    assert visitor.get("/api/v1/certificates").status_code == 401


def test_until_the_worker_has_told_something_that_is_said(signed_in: SignedIn, measured: Measured) -> None:
    viewer = signed_in("charlie")
    assert "has told nothing" in page(viewer)
    assert json.loads(viewer.get("/api/v1/certificates").get_data()) == {"certificates": []}


def test_names_issuer_dates_and_the_next_try_are_shown(signed_in: SignedIn, tell: Callable[[Report], None]) -> None:
    tell(REPORT)
    shown = page(signed_in("charlie"))
    for words in ("shop.test", "R11", "renewed by itself", ">59<", "24 Dec 2026", "its lifetime", 'badge ok">yes'):
        assert words in shown
    assert "se renueva solo" in page(signed_in("charlie"), "es")


def test_a_failure_is_told_in_the_authoritys_words_with_what_to_do(
    signed_in: SignedIn, tell: Callable[[Report], None]
) -> None:
    tell(replace(REPORT, attempts=(FAILED,), failures=1))
    english, spanish = page(signed_in("charlie")), page(signed_in("charlie"), "es")
    assert "shop.test: &lt;no&gt; &#34;such&#34; name" in english
    assert "Give it an A record" in english
    assert "Ponle un registro A" in spanish


@pytest.mark.parametrize(
    ("values", "words"), [([1], ">yes<"), ([0], "Visitors get another certificate"), ([], ">unknown<")]
)
def test_whether_visitors_get_it_is_what_was_measured(
    signed_in: SignedIn, tell: Callable[[Report], None], measured: Measured, values: list[float], words: str
) -> None:
    tell(REPORT)
    measured.values = values
    assert words in page(signed_in("charlie"))


def test_without_prometheus_that_is_unknown(
    signed_in: SignedIn, tell: Callable[[Report], None], measured: Measured
) -> None:
    tell(REPORT)
    measured.silent = True
    assert ">unknown<" in page(signed_in("charlie"))


@pytest.mark.parametrize(("days", "level"), [(30, "ok"), (6.5, "warn"), (-1, "bad")])
def test_the_days_that_are_left_are_judged(
    signed_in: SignedIn, tell: Callable[[Report], None], days: float, level: str
) -> None:
    tell(replace(REPORT, held=replace(HELD, not_after=NOW + timedelta(days=days))))
    assert f'badge {level}">{max(0, int(days))}<' in page(signed_in("charlie"))


def test_ones_own_says_how_it_is_replaced(signed_in: SignedIn, tell: Callable[[Report], None]) -> None:
    tell(replace(REPORT, kind="own", held=replace(HELD, kind="own"), planned_at=None, why="none"))
    assert "It is not renewed here" in page(signed_in("charlie"))


def test_a_name_that_it_lacks_is_told(signed_in: SignedIn, tell: Callable[[Report], None]) -> None:
    tell(replace(REPORT, wanted=("shop.test", "new.shop.test")))
    assert "It is not for:" in page(signed_in("charlie"))


def test_programs_are_told_the_same(signed_in: SignedIn, tell: Callable[[Report], None]) -> None:
    tell(replace(REPORT, attempts=(FAILED,), failures=1))
    (told,) = json.loads(signed_in("charlie").get("/api/v1/certificates").get_data())["certificates"]
    assert (told["kind"], told["names"], told["served"], told["failures"]) == ("acme", ["shop.test"], True, 1)
    assert told["not_after"] == "2027-01-22T17:00:00Z"
    assert told["attempts"][0]["code"] == "dns"
