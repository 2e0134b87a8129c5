"""A chart is true to its numbers, breaks where nothing was measured, and never leaves its frame."""

from __future__ import annotations

import re

import pytest
from tests.equipment.readings import line

from sereno.respond.status.charts import HEIGHT, SAMPLES, WIDTH, Chart, draw
from sereno.watch.model import POINTS, Window


def drawn(*values: float | None, limit: float = 80) -> Chart:
    chart = draw(line("cpu", values, Window.HOUR), Window.HOUR, limit=limit, trouble="above")
    assert chart is not None
    return chart


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", path)]


def test_nothing_measured_is_no_chart() -> None:
    assert draw(None, Window.HOUR, limit=80, trouble="above") is None
    assert draw(line("cpu", [None] * 5, Window.HOUR), Window.HOUR, limit=80, trouble="above") is None


def test_nought_lies_at_the_bottom_and_a_hundred_at_the_top() -> None:
    path = points(drawn(0, 100, 50).line)
    assert [y for _, y in path] == [HEIGHT, 0, HEIGHT / 2]
    assert path[-1][0] == WIDTH


def test_the_line_breaks_where_nothing_was_measured() -> None:
    chart = drawn(10, None, 20, 30)
    assert chart.line.count("M") == 2
    assert chart.gaps
    assert not drawn(*[10.0] * POINTS).gaps


@pytest.mark.parametrize("value", [-5, 130])
def test_a_value_out_of_range_stays_in_the_frame(value: float) -> None:
    assert all(0 <= y <= HEIGHT for _, y in points(drawn(value, value).line))


def test_a_single_point_is_visible() -> None:
    (first, second) = points(drawn(40).line)
    assert second[0] > first[0]


@pytest.mark.parametrize(
    ("values", "trouble", "crossed"),
    [((79, 80), "above", False), ((80.5, 20), "above", True), ((15, 40), "below", False), ((14, 40), "below", True)],
)
def test_crossing_the_limit_is_told(values: tuple[float, ...], trouble: str, crossed: bool) -> None:
    limit = 80 if trouble == "above" else 15
    chart = draw(line("x", values, Window.DAY), Window.DAY, limit=limit, trouble=trouble)  # type: ignore[arg-type]
    assert chart is not None
    assert chart.crossed is crossed
    assert (chart.lowest, chart.highest) == (min(values), max(values))


def test_the_table_has_the_first_and_the_last_moment() -> None:
    chart = drawn(*range(POINTS))
    assert len(chart.samples) == SAMPLES
    assert (chart.samples[0].value, chart.samples[-1].value) == (0, POINTS - 1)
    assert chart.ends_at - chart.begins_at == Window.HOUR.step * (POINTS - 1)
