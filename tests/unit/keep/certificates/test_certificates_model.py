"""When a certificate is renewed: by its lifetime or its authority's word, and after failures more and more seldom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sereno.keep.certificates import record
from sereno.keep.certificates.model import (
    KEPT_ATTEMPTS,
    Attempt,
    Held,
    Kind,
    Report,
    Window,
    attempted,
    covers,
    is_due,
    missing_names,
    moment_by_lifetime,
    moment_in_window,
    planned,
    retry_at,
    when_to_ask,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DIRECTORY = "https://ca.test/directory"


def held(kind: Kind = "acme", days: float = 90, age: float = 10, names: tuple[str, ...] = ("shop.test",)) -> Held:
    begins = NOW - timedelta(days=age)
    return Held(kind, names, "the middle", "1f", "aa" * 32, begins, begins + timedelta(days=days))


def report(certificate: Held | None, kind: Kind = "acme", **more: object) -> Report:
    start = Report(
        made_at=NOW,
        kind=kind,
        wanted=("shop.test",),
        held=certificate,
        planned_at=None,
        why="none",
        directory=DIRECTORY,
        directory_asked=DIRECTORY,
    )
    return replace(start, **more)  # type: ignore[arg-type]


def plan(known: Report, luck: float = 0, now: datetime = NOW) -> Report:
    return planned(known, directory=DIRECTORY, now=now, luck=luck)


@pytest.mark.parametrize(("days", "share"), [(90, 2 / 3), (45, 2 / 3), (10, 2 / 3), (6, 1 / 2), (1 / 24, 1 / 2)])
def test_it_is_renewed_after_two_thirds_of_its_life_and_a_short_one_after_half(days: float, share: float) -> None:
    certificate = held(days=days, age=0)
    assert moment_by_lifetime(certificate, 0) == certificate.not_before + certificate.lifetime * share
    earliest = moment_by_lifetime(certificate, 1)
    assert earliest < moment_by_lifetime(certificate, 0)
    assert earliest > certificate.not_before + certificate.lifetime * (share - 0.021)


def test_the_moment_is_drawn_once_and_stays() -> None:
    first = plan(report(held()), luck=0.5)
    assert (first.why, first.planned_at) == ("lifetime", moment_by_lifetime(held(), 0.5))
    assert plan(first, luck=0.9).planned_at == first.planned_at


def test_what_its_authority_says_goes_before_the_lifetime() -> None:
    window = Window(NOW + timedelta(days=3), NOW + timedelta(days=5), NOW + timedelta(hours=6))
    first = plan(report(held()), luck=0.5)
    told = plan(replace(first, window=window), luck=0.25)
    assert (told.why, told.planned_at) == ("asked-by-authority", NOW + timedelta(days=3, hours=12))
    assert plan(told, luck=0.75).planned_at == told.planned_at


def test_a_window_that_moved_away_from_the_drawn_moment_is_drawn_from_anew() -> None:
    early = Window(NOW - timedelta(days=2), NOW - timedelta(days=1), NOW + timedelta(hours=6))
    late = plan(report(held(), window=replace(early, start=NOW + timedelta(days=3), end=NOW + timedelta(days=5))))
    revoked = plan(replace(late, window=early), luck=1)
    assert revoked.planned_at == NOW - timedelta(days=1)
    assert is_due(revoked, NOW)


def test_an_authority_that_wants_every_certificate_renewed_at_once_is_not_followed_in_a_circle() -> None:
    past = Window(NOW - timedelta(days=2), NOW - timedelta(days=1), NOW + timedelta(hours=6))
    just = Attempt(NOW - timedelta(minutes=1), "asked-by-authority", succeeded=True)
    told = plan(report(held(age=0), window=past, attempts=(just,)))
    assert told.planned_at == just.at + timedelta(hours=6)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (report(None), "first"),
        (report(held("self-signed")), "first"),
        (report(held(names=("other.test",))), "names"),
        (report(held(), wanted=("shop.test", "new.test")), "names"),
        (report(held(), directory="https://other.test/directory"), "authority-changed"),
    ],
)
def test_what_is_wrong_now_is_mended_now(known: Report, why: str) -> None:
    assert (plan(known).why, plan(known).planned_at) == (why, NOW)


def test_ones_own_is_never_renewed_here() -> None:
    assert plan(report(held("own"), kind="own")).planned_at is None


def test_a_self_signed_one_is_made_anew_likewise_whatever_authority_is_named() -> None:
    certificate = held("self-signed")
    told = plan(report(certificate, kind="self-signed", directory="https://other.test/directory"))
    assert (told.why, told.planned_at) == ("lifetime", moment_by_lifetime(certificate, 0))


@pytest.mark.parametrize("names", [("shop.test",), ("other.test",)])
def test_a_pair_that_someone_laid_into_the_clone_is_not_replaced(names: tuple[str, ...]) -> None:
    assert plan(report(held("own", names=names), kind="self-signed")).planned_at is None


def test_what_the_authority_said_of_names_is_no_matter_of_letters() -> None:
    assert covers(("Shop.test", "*.example.org"), "shop.test")
    assert covers(("*.example.org",), "a.example.org")
    assert not covers(("*.example.org",), "example.org")
    assert not covers(("*.example.org",), "a.b.example.org")
    assert missing_names(held(), ("shop.test", "www.shop.test")) == ("www.shop.test",)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 5), (2, 15), (3, 45), (4, 135), (6, 720), (99, 720)])
def test_after_failures_it_is_tried_more_and_more_seldom(failures: int, minutes: float) -> None:
    assert retry_at(NOW, failures, 0.5) == NOW + timedelta(minutes=minutes)
    assert retry_at(NOW, failures, 0) == NOW + timedelta(minutes=minutes * 0.8)
    assert retry_at(NOW, failures, 1) == NOW + timedelta(minutes=minutes * 1.2)


def test_within_the_authoritys_limit_of_five_failures_an_hour() -> None:
    moment, tries = NOW, 1
    while moment <= NOW + timedelta(hours=1):
        moment = retry_at(moment, tries, 0)
        tries += 1
    assert tries - 1 < 5


def test_who_is_told_to_wait_waits() -> None:
    later = NOW + timedelta(days=2)
    assert retry_at(NOW, 1, 0.5, later) == later
    assert retry_at(NOW, 1, 0.5, NOW - timedelta(days=2)) == NOW + timedelta(minutes=5)


def test_a_try_that_failed_is_counted_and_the_next_one_waited_for() -> None:
    retry = NOW + timedelta(minutes=5)
    failed = attempted(report(None), Attempt(NOW, "first", succeeded=False, code="dns", detail="?"), retry=retry)
    assert (failed.failures, failed.planned_at, failed.why) == (1, retry, "retry")
    assert plan(failed).planned_at == retry
    assert not is_due(plan(failed), NOW)
    assert is_due(plan(failed), retry)
    again = attempted(failed, Attempt(retry, "retry", succeeded=True), retry=None)
    assert (again.failures, [each.succeeded for each in again.attempts]) == (0, [True, False])


def test_only_the_newest_tries_are_kept() -> None:
    known = report(held())
    for number in range(KEPT_ATTEMPTS + 5):
        known = attempted(known, Attempt(NOW + timedelta(days=number), "retry", succeeded=True), retry=None)
    assert len(known.attempts) == KEPT_ATTEMPTS
    assert known.last_attempt is not None
    assert known.last_attempt.at == NOW + timedelta(days=KEPT_ATTEMPTS + 4)


@pytest.mark.parametrize(("said", "hours"), [(None, 6), (0, 1), (21600, 6), (10**9, 24)])
def test_the_authority_is_asked_again_as_it_says_within_reason(said: float | None, hours: float) -> None:
    assert when_to_ask(NOW, said) == NOW + timedelta(hours=hours)


def test_the_window_is_drawn_from_evenly() -> None:
    window = Window(NOW, NOW + timedelta(days=2), NOW)
    assert [moment_in_window(window, luck) - NOW for luck in (0, 0.5, 1)] == [timedelta(days=days) for days in range(3)]


def test_a_report_is_read_as_it_was_written() -> None:
    window = Window(NOW, NOW + timedelta(days=2), NOW + timedelta(hours=6), "https://ca.test/why")
    whole = report(held(), window=window, chosen_at=NOW, planned_at=NOW, why="asked-by-authority", failures=2)
    whole = replace(whole, attempts=(Attempt(NOW, "first", succeeded=False, code="dns", detail="¿dónde?"),))
    assert record.read(record.written(whole)) == whole
    assert record.read(record.written(report(None))) == report(None)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"held": 1, "window": null, "attempts": []}'])
def test_what_is_no_report_is_none(text: str) -> None:
    assert record.read(text) is None
