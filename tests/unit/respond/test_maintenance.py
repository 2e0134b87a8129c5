"""Scheduled maintenance: what is accepted, who may still change it, and which silences it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.equipment.desk import memory_database

from sereno.core.text import Text
from sereno.guard.model import Actor
from sereno.guard.tables import AuditRow
from sereno.respond.maintenance.model import (
    Maintenance,
    MaintenanceOver,
    MaintenanceRefused,
    NoSuchMaintenance,
    Phase,
    Wanted,
    in_language,
)
from sereno.respond.maintenance.service import Calendar
from sereno.respond.maintenance.silences import Matcher, Silence, plan, wanted_silences

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOB = Actor("bob", "192.0.2.1")
HOUR = timedelta(hours=1)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calendar(clock: Clock) -> Calendar:
    return Calendar(memory_database(), lambda: {"mysql", "webapp", "shop"}, clock=clock)


def wanted(**changes: object) -> Wanted:
    fields = Wanted(Text("New disk", ""), Text("", ""), NOON + HOUR, NOON + 2 * HOUR, ("mysql",))
    return replace(fields, **changes)  # type: ignore[arg-type]


def test_one_is_planned_runs_and_ends_by_itself(calendar: Calendar) -> None:
    added = calendar.add(wanted(), actor=BOB)
    assert calendar.get(added.id) == added
    phases = [added.phase(NOON + HOUR * hours) for hours in (0, 1, 2)]
    assert phases == [Phase.PLANNED, Phase.RUNNING, Phase.ENDED]
    assert [one.id for one in calendar.ahead()] == [added.id]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": Text("", "")}, "title"),
        ({"begins_at": NOON - HOUR}, "begins_at"),
        ({"ends_at": NOON + HOUR}, "ends_at"),
        ({"ends_at": NOON + timedelta(days=40)}, "ends_at"),
        ({"components": ()}, "components"),
        ({"components": ("mysql", "typing-error")}, "components"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(
    calendar: Calendar, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(MaintenanceRefused) as refused:
        calendar.add(wanted(**changes), actor=BOB)
    assert refused.value.field == field
    assert calendar.page().items == ()


def test_a_begin_a_little_in_the_past_means_now(calendar: Calendar) -> None:
    assert calendar.add(wanted(begins_at=NOON - timedelta(minutes=2)), actor=BOB).begins_at == NOON


def test_everything_takes_the_place_of_names(calendar: Calendar) -> None:
    added = calendar.add(wanted(components=("mysql", "*")), actor=BOB)
    assert added.components == ("*",)
    assert added.covers("shop")


def test_one_that_has_not_begun_is_cancelled_and_one_that_runs_is_ended(calendar: Calendar, clock: Clock) -> None:
    first, second = calendar.add(wanted(), actor=BOB), calendar.add(wanted(), actor=BOB)
    with pytest.raises(MaintenanceOver):
        calendar.end(first.id, actor=BOB)
    assert calendar.cancel(first.id, actor=BOB).phase(NOON) is Phase.CANCELLED
    clock.now = NOON + HOUR + timedelta(minutes=5)
    with pytest.raises(MaintenanceOver):
        calendar.cancel(second.id, actor=BOB)
    ended = calendar.end(second.id, actor=BOB)
    assert (ended.over_at, ended.phase(clock.now)) == (clock.now, Phase.ENDED)
    for again in (calendar.end, calendar.cancel):
        with pytest.raises(MaintenanceOver):
            again(second.id, actor=BOB)


def test_the_begin_of_one_that_runs_stays(calendar: Calendar, clock: Clock) -> None:
    added = calendar.add(wanted(), actor=BOB)
    clock.now = NOON + HOUR + timedelta(minutes=30)
    changed = calendar.change(added.id, wanted(ends_at=NOON + 3 * HOUR, begins_at=NOON), actor=BOB)
    assert (changed.begins_at, changed.ends_at) == (NOON + HOUR, NOON + 3 * HOUR)
    with pytest.raises(MaintenanceRefused):
        calendar.change(added.id, wanted(ends_at=NOON + HOUR), actor=BOB)


def test_there_is_none_with_another_number(calendar: Calendar) -> None:
    with pytest.raises(NoSuchMaintenance):
        calendar.get(987654)


def test_each_change_is_told_to_the_audit_trail(clock: Clock) -> None:
    database = memory_database()
    calendar = Calendar(database, lambda: {"mysql"}, clock=clock)
    added = calendar.add(wanted(), actor=BOB)
    calendar.change(added.id, wanted(title=Text("Newer disk", "")), actor=BOB)
    calendar.cancel(added.id, actor=BOB)
    with database.unit_of_work() as session:
        told = [(row.action, row.subject, row.actor) for row in session.query(AuditRow).order_by(AuditRow.id)]
    subject = f"maintenance:{added.id}"
    assert told == [(f"maintenance.{verb}", subject, "bob") for verb in ("add", "change", "cancel")]


def test_a_text_in_one_language_serves_both() -> None:
    assert in_language(Text("", "Disco nuevo"), "en") == "Disco nuevo"
    assert in_language(Text("New disk", ""), "es") == "New disk"


def test_pages_go_on_where_the_last_one_ended(calendar: Calendar) -> None:
    ids = [calendar.add(wanted(), actor=BOB).id for _ in range(5)]
    first = calendar.page(limit=3)
    second = calendar.page(limit=3, before_id=first.next)
    assert [one.id for one in (*first.items, *second.items)] == ids[::-1]
    assert second.next is None


# What Alertmanager is asked to keep.


def planned(*components: str, **changes: object) -> Maintenance:
    one = Maintenance(7, Text("x", ""), Text("", ""), NOON, NOON + HOUR, components, NOON, "bob", NOON)
    return replace(one, **changes)  # type: ignore[arg-type]


def test_what_carries_a_components_label_and_what_comes_from_it_are_silenced() -> None:
    by_label, by_instance = wanted_silences([planned("mysql", "webapp")], NOON)
    assert by_label.matchers == {Matcher("component", "mysql|webapp", is_regex=True)}
    assert by_instance.matchers == {Matcher("instance", "desk|mysql|webapp", is_regex=True)}
    assert (by_label.starts_at, by_label.ends_at) == (NOON, NOON + HOUR)


def test_everything_is_silenced_but_the_sign_of_life() -> None:
    (silence,) = wanted_silences([planned("*")], NOON)
    assert Matcher("severity", "none", is_equal=False) in silence.matchers


@pytest.mark.parametrize("changes", [{"cancelled_at": NOON}, {"ended_at": NOON}, {"ends_at": NOON}])
def test_what_is_over_is_silenced_no_more(changes: dict[str, object]) -> None:
    assert wanted_silences([planned("mysql", **changes)], NOON) == []


Change = Callable[[Silence], Silence]


def present(change: Change = lambda each: each) -> list[Silence]:
    silences = wanted_silences([planned("mysql")], NOON)
    return [change(replace(each, id=f"id-{number}")) for number, each in enumerate(silences)]


def test_silences_that_are_right_are_left_alone() -> None:
    to_do = plan(wanted_silences([planned("mysql")], NOON), present(), NOON)
    assert (to_do.create, to_do.expire) == ((), ())


def test_a_silence_that_was_made_late_is_right() -> None:
    late = present(lambda each: replace(each, starts_at=NOON + timedelta(minutes=9)))
    now = NOON + timedelta(minutes=10)
    to_do = plan(wanted_silences([planned("mysql")], now), late, now)
    assert (to_do.create, to_do.expire) == ((), ())


def test_lost_ones_are_made_again() -> None:
    assert len(plan(wanted_silences([planned("mysql")], NOON), [], NOON).create) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda each: replace(each, ends_at=each.ends_at + HOUR),
        lambda each: replace(each, starts_at=each.starts_at - HOUR),
        lambda each: replace(each, matchers=frozenset({Matcher("component", "nginx", is_regex=True)})),
    ],
)
def test_other_times_or_components_make_another_silence(change: Change) -> None:
    to_do = plan(wanted_silences([planned("mysql")], NOON), present(change), NOON)
    assert len(to_do.create) == len(to_do.expire) == 2


def test_what_somebody_else_has_silenced_is_not_touched() -> None:
    theirs = present(lambda each: replace(each, author="bob")) + present(
        lambda each: replace(each, comment="my own silence")
    )
    assert plan([], theirs, NOON).expire == ()
