"""When a notice is tried again, and how many an hour a channel gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sereno.respond.notices.model import Notice, Outcome, State, after_failure, pause_after, plan

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def notice(id: int = 1, *, attempts: int = 1, age: timedelta = timedelta(0)) -> Notice:
    return Notice(id, 7, "mail", ("opened",), (1,), State.QUEUED, attempts, NOW - age, NOW, None, None, "")


def failed(*, permanent: bool = False) -> Outcome:
    return Outcome(1, NOW, good=False, permanent=permanent, words="no")


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 30), (2, 60), (3, 120), (8, 3600), (9, 3600), (100_000, 3600)])
def test_pauses_double_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert pause_after(attempts) == timedelta(seconds=seconds)


def test_a_passing_failure_is_tried_again_until_a_day_is_over() -> None:
    assert after_failure(notice(), failed(), NOW) == (State.FAILED, NOW + timedelta(seconds=30))
    late = notice(attempts=30, age=timedelta(hours=23, minutes=30))
    assert after_failure(late, failed(), NOW)[0] is State.GIVEN_UP


def test_a_refusal_for_good_is_not_tried_again() -> None:
    assert after_failure(notice(), failed(permanent=True), NOW)[0] is State.GIVEN_UP


def test_within_the_limit_everything_goes() -> None:
    due = [notice(id) for id in (1, 2, 3)]
    planned = plan(due, sent_at=[NOW - timedelta(hours=2)] * 5, summed_up_at=None, per_hour=3, now=NOW)
    assert [each.id for each in planned.now] == [1, 2, 3]
    assert (planned.summed_up, planned.held) == ((), ())


def test_beyond_the_limit_one_summary_stands_for_the_rest() -> None:
    due = [notice(id) for id in range(1, 6)]
    planned = plan(due, sent_at=[NOW - timedelta(minutes=5)], summed_up_at=None, per_hour=3, now=NOW)
    assert [each.id for each in planned.now] == [1, 2]
    assert [each.id for each in planned.summed_up] == [3, 4, 5]


def test_after_the_summary_the_rest_waits_until_the_hour_is_over() -> None:
    sent = [NOW - timedelta(minutes=30), NOW - timedelta(minutes=20)]
    planned = plan([notice()], sent_at=sent, summed_up_at=NOW - timedelta(minutes=10), per_hour=2, now=NOW)
    assert [each.id for each in planned.held] == [1]
    assert planned.held_until == NOW + timedelta(minutes=50)
    again = plan([notice()], sent_at=sent, summed_up_at=NOW - timedelta(minutes=60), per_hour=2, now=NOW)
    assert [each.id for each in again.summed_up] == [1]
