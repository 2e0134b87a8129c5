"""`./sereno certificate` in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sereno.cli.address import renewal_trouble
from sereno.cli.certificate import lines
from sereno.keep.certificates.model import Attempt, Held, Report

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HELD = Held("acme", ("shop.test",), "R11", "1f", "ab", NOW - timedelta(days=30), NOW + timedelta(days=59, hours=5))
REPORT = Report(
    made_at=NOW, kind="acme", wanted=("shop.test",), held=HELD, planned_at=NOW + timedelta(days=30), why="lifetime"
)
FAILED = Attempt(NOW, "lifetime", succeeded=False, code="dns", detail="shop.test: no such name")


def told(report: Report, shown: str | None = "ab") -> str:
    return "\n".join(lines(report, shown, NOW))


def test_it_tells_names_origin_dates_and_the_next_try() -> None:
    words = told(REPORT)
    for expected in (
        "shop.test",
        "R11: an authority",
        "59 days left",
        "served      yes",
        "2026-12-24 12:00 UTC, its life",
    ):
        assert expected in words
    assert "last try" not in words


def test_it_tells_a_failure_with_the_authoritys_words_and_what_to_do() -> None:
    words = told(replace(REPORT, attempts=(FAILED,), failures=2, why="retry"))
    for expected in ("failed, 2 in a row", "shop.test: no such name", "Give it an A record", "the last try failed"):
        assert expected in words


def test_it_tells_what_visitors_get() -> None:
    assert "no: Nginx shows another one; ./sereno restart nginx" in told(REPORT, "cd")
    assert "Nginx does not answer" in told(REPORT, None)


def test_it_tells_the_names_that_are_lacking() -> None:
    assert "lacks       new.test" in told(replace(REPORT, wanted=("shop.test", "new.test")))


def test_without_a_certificate_it_says_what_to_type() -> None:
    assert "./sereno up" in told(replace(REPORT, held=None))


def test_the_status_names_a_renewal_that_failed_and_nothing_else() -> None:
    assert renewal_trouble(None) == ""
    assert renewal_trouble(REPORT) == ""
    assert "shop.test: no such name" in renewal_trouble(replace(REPORT, attempts=(FAILED,)))
    done = Attempt(NOW, "retry", succeeded=True)
    assert renewal_trouble(replace(REPORT, attempts=(done, FAILED))) == ""
