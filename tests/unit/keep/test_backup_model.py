"""What is kept, when a backup is due, how much space it needs, and what its manifest says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sereno.core.errors import SerenoError
from sereno.keep.backups.model import (
    FORMAT,
    LEAST_FREE_BYTES,
    Attempt,
    Backup,
    Manifest,
    Member,
    Proof,
    Table,
    backup_from,
    bytes_needed,
    differences,
    file_name,
    is_due,
    read_manifest,
    record_of,
    refuse_small_disk,
    superfluous,
    time_in,
)

NOW = datetime(2026, 11, 24, 3, 20, tzinfo=UTC)
"""A Tuesday."""


def backup(made_at: datetime, *, good: bool | None = None) -> Backup:
    return Backup(
        name=file_name(made_at, sealed=False),
        made_at=made_at,
        seconds=1.5,
        bytes=1000,
        sha256="0" * 64,
        tables=2,
        rows=3,
        newest=made_at,
        program="0.1.0",
        server="10.11",
        revision="0002",
        proof=None if good is None else Proof(made_at, 2.0, good),
    )


def nights(count: int) -> list[Backup]:
    """One at each of the last nights, the latest first."""
    return [backup(NOW - timedelta(days=days)) for days in range(count)]


def kept(backups: list[Backup], *, daily: int = 7, weekly: int = 4, now: datetime = NOW) -> list[Backup]:
    gone = superfluous(backups, now=now, daily=daily, weekly=weekly)
    return [each for each in backups if each not in gone]


def test_seven_nights_and_the_last_of_four_weeks_are_kept() -> None:
    ages = [(NOW - each.made_at).days for each in kept(nights(60))]
    # This week's and last week's last ones are among the seven; the Sundays before them are 9 and 16 days old.
    assert ages == [0, 1, 2, 3, 4, 5, 6, 9, 16]


def test_nothing_is_lost_while_nothing_new_is_made() -> None:
    old = kept(nights(60))
    assert kept(old, now=NOW + timedelta(days=400)) == old


def test_of_one_day_the_last_is_kept_and_what_is_younger_than_a_day() -> None:
    morning, noon = backup(NOW - timedelta(days=3, hours=3)), backup(NOW - timedelta(days=3))
    today = [backup(NOW - timedelta(hours=hours)) for hours in (1, 2, 23)]
    assert kept([*today, noon, morning]) == [*today, noon]


def test_the_last_proven_one_is_kept_however_old_it_is() -> None:
    proven = backup(NOW - timedelta(days=300), good=True)
    older = backup(NOW - timedelta(days=301), good=True)
    failing = [replace(each, proof=Proof(NOW, 1, False, "no")) for each in nights(40)]
    assert proven in kept([*failing, proven, older])
    assert older not in kept([*failing, proven, older])


def test_weeks_are_counted_across_the_turn_of_the_year() -> None:
    sunday, monday = datetime(2027, 1, 3, 3, tzinfo=UTC), datetime(2026, 12, 28, 3, tzinfo=UTC)
    assert sunday.isocalendar()[:2] == monday.isocalendar()[:2]
    both = [backup(sunday), backup(monday)]
    assert kept(both, daily=1, weekly=1, now=sunday + timedelta(days=9)) == [both[0]]


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        pytest.param(NOW.replace(hour=3, minute=14), None, False, id="before its hour"),
        pytest.param(NOW, None, True, id="at its hour"),
        pytest.param(NOW + timedelta(hours=9), None, True, id="hours late, when the machine was off at night"),
        pytest.param(NOW, Attempt(NOW - timedelta(minutes=2), True), False, id="made already"),
        pytest.param(NOW, Attempt(NOW - timedelta(hours=1), True), True, id="one by hand before the hour"),
        pytest.param(NOW, Attempt(NOW - timedelta(minutes=2), False), False, id="failed just now"),
        pytest.param(
            NOW + timedelta(hours=2), Attempt(NOW, False, "disk full"), True, id="failed more than an hour ago"
        ),
    ],
)
def test_when_a_backup_is_due(now: datetime, last: Attempt | None, due: bool) -> None:
    assert is_due(now, at="03:15", last_attempt=last, since=NOW - timedelta(hours=12)) is due


def test_the_night_before_the_first_start_does_not_count() -> None:
    started = NOW.replace(hour=10)
    assert not is_due(started + timedelta(hours=1), at="03:15", last_attempt=None, since=started)
    assert is_due(NOW + timedelta(days=1), at="03:15", last_attempt=None, since=started)


def test_the_space_needed_follows_the_last_file_and_the_database_before_there_is_one() -> None:
    assert bytes_needed(None, 10_000_000, 1_000_000) == 22_000_000 + LEAST_FREE_BYTES
    assert bytes_needed(5_000_000, 90_000_000, 1_000_000) == 10_000_000 + LEAST_FREE_BYTES
    refuse_small_disk(100, 100, "/backups")
    with pytest.raises(SerenoError, match=r"1\.0 KiB are free where /backups lies, and 2\.0 KiB are needed") as refused:
        refuse_small_disk(1024, 2048, "/backups")
    assert "keep_daily" in refused.value.next_step


def manifest() -> Manifest:
    return Manifest(
        made_at=NOW,
        program="0.1.0",
        platform="native",
        server="10.11.19-MariaDB",
        revision="0002",
        dump_bytes=4000,
        tables={"alert": Table(2, NOW - timedelta(microseconds=1), 77), "empty": Table(0, None, 0)},
        members={"database.sql.gz": Member(900, "a" * 64)},
    )


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert read_manifest(manifest().to_json()) == manifest()
    assert manifest().rows == 2


def test_a_manifest_of_a_later_form_names_the_program_that_made_it() -> None:
    text = replace(manifest(), format=FORMAT + 1, program="9.9").to_json()
    with pytest.raises(SerenoError, match="has the form 2, and this program knows 1") as refused:
        read_manifest(text)
    assert "9.9" in refused.value.next_step


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 1}', manifest().to_json().replace("alert", "alert", 1)[:-9]]
)
def test_a_damaged_manifest_is_refused(text: str) -> None:
    with pytest.raises(SerenoError, match="manifest is damaged"):
        read_manifest(text)


def test_what_differs_is_said_in_words() -> None:
    expected = {
        "gone": Table(1, None, 1),
        "fewer": Table(5, None, 1),
        "older": Table(2, NOW, 1),
        "other": Table(1, None, 1),
    }
    found = {
        "fewer": Table(4, None, 1),
        "older": Table(2, None, 1),
        "other": Table(1, None, 2),
        "new": Table(0, None, 0),
    }
    assert differences(expected, found) == [
        "the table gone is missing",
        "the table new is not in the manifest",
        "fewer has 4 rows instead of 5",
        "the newest row of older is of None instead of 2026-11-24 03:20:00+00:00",
        "other has the right number of rows, but not the same content",
    ]
    assert differences(expected, expected) == []


def test_a_record_is_read_as_it_was_written() -> None:
    for each in (backup(NOW), backup(NOW, good=True), replace(backup(NOW), newest=None)):
        assert backup_from(record_of(each)) == each


def test_names_of_files() -> None:
    assert file_name(NOW, sealed=True) == "sereno-20261124T032000Z.tar.age"
    assert time_in("sereno-20261124T032000Z.tar") == NOW
    for other in ("sereno-20261124T032000Z.tar.partial", "sereno-20261124T032000Z.tar.json", "x.tar", "sereno-2.tar"):
        assert time_in(other) is None
