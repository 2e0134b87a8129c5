"""The picture of the last days: where a bar lies, which lane it takes, and what the days say in numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sereno.respond.incidents.strip import LANE, LEAST_WIDTH, MOST_LANES, WIDTH, Stroke, strip

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def test_a_bar_reaches_from_begin_to_end() -> None:
    (bar,) = strip([Stroke(ago(days=15), ago(days=14), "critical")], NOW).bars
    assert (bar.x, bar.width, bar.gravity, bar.lasts) == (WIDTH / 2, WIDTH / 30, "critical", False)


def test_what_lasts_reaches_to_the_edge_and_never_beyond() -> None:
    drawn = strip([Stroke(ago(days=3), None, "warning"), Stroke(ago(seconds=5), None, "info")], NOW)
    assert [bar.x + bar.width for bar in drawn.bars] == [WIDTH, WIDTH]
    assert all(bar.lasts for bar in drawn.bars)
    assert (drawn.opened, drawn.lasting) == (2, 2)


def test_a_short_one_can_be_seen() -> None:
    (bar,) = strip([Stroke(ago(days=2), ago(days=2) + timedelta(seconds=20), "info")], NOW).bars
    assert bar.width == LEAST_WIDTH


def test_what_began_earlier_is_cut_off_and_what_ended_earlier_left_out() -> None:
    drawn = strip([Stroke(ago(days=40), ago(days=29), "x"), Stroke(ago(days=40), ago(days=31), "x")], NOW)
    assert [(bar.x, bar.width) for bar in drawn.bars] == [(0, WIDTH / 30)]
    assert drawn.opened == 0


def test_what_lasted_at_once_lies_in_lanes_and_the_rest_is_counted() -> None:
    drawn = strip([Stroke(ago(hours=20 + number), None, "warning") for number in range(MOST_LANES + 3)], NOW)
    assert len({bar.y for bar in drawn.bars}) == MOST_LANES
    assert (drawn.height, drawn.left_out) == (MOST_LANES * LANE, 3)


def test_one_after_the_other_shares_a_lane() -> None:
    drawn = strip([Stroke(ago(days=9), ago(days=8), "warning"), Stroke(ago(days=5), ago(days=4), "warning")], NOW)
    assert len({bar.y for bar in drawn.bars}) == 1


def test_the_graver_the_higher() -> None:
    heights = [
        strip([Stroke(ago(days=2), ago(days=1), severity)], NOW).bars[0].height
        for severity in ("info", "page", "warning", "critical")
    ]
    assert heights == sorted(heights) and len(set(heights)) == 4


def test_days_say_the_same_in_numbers_newest_first() -> None:
    drawn = strip([Stroke(ago(days=2), ago(days=1), "warning"), Stroke(ago(days=2), ago(days=2), "warning")], NOW)
    assert [(day.date, day.opened, day.lasted) for day in drawn.days] == [
        (date(2026, 11, 23), 0, 1),
        (date(2026, 11, 22), 2, 2),
    ]


def test_nothing_is_a_picture_of_nothing() -> None:
    drawn = strip([], NOW)
    assert (drawn.bars, drawn.days, drawn.height) == ((), (), LANE)
