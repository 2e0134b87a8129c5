from datetime import UTC, datetime, timedelta

import pytest

from sereno.watch.model import (
    POINTS,
    Consumer,
    DiskReading,
    FiringAlert,
    HostReading,
    Line,
    Point,
    Severity,
    State,
    Thresholds,
    Window,
    busiest_first,
    finite,
    grid_end,
    on_grid,
    stretch,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEED = Thresholds(cpu_percent=80, memory_available_percent=20, disk_free_percent=15)


def host(cpu: float | None = None, memory: float | None = None) -> HostReading:
    return HostReading("node:9100", "host", NOON, cpu, memory, None, None, None, ())


@pytest.mark.parametrize(("cpu", "high"), [(80.0, False), (80.1, True), (None, None)])
def test_processors_are_high_above_the_threshold_only(cpu: float | None, high: bool | None) -> None:
    assert host(cpu=cpu).cpu_is_high(SEED) is high


@pytest.mark.parametrize(("available", "low"), [(20.0, False), (19.9, True), (None, None)])
def test_memory_is_low_below_the_threshold_only(available: float | None, low: bool | None) -> None:
    assert host(memory=available).memory_is_low(SEED) is low


@pytest.mark.parametrize(("free", "low"), [(15.0, False), (14.9, True), (None, None)])
def test_a_disk_is_low_below_the_threshold_only(free: float | None, low: bool | None) -> None:
    assert DiskReading("/", "/dev/vda", free, None, None).is_low(SEED) is low


@pytest.mark.parametrize(
    ("value", "expected"), [(1.5, 1.5), (float("nan"), None), (float("inf"), None), (float("-inf"), None), (None, None)]
)
def test_a_number_that_is_none_is_not_known(value: float | None, expected: float | None) -> None:
    assert finite(value) == expected


def test_busiest_comes_first_and_the_unknown_last() -> None:
    order = [
        Consumer("busy", cores=1.5, cpu_percent=75, memory_bytes=1, processes=1),
        Consumer("large", cores=0.1, cpu_percent=5, memory_bytes=900, processes=1),
        Consumer("small", cores=0.1, cpu_percent=5, memory_bytes=100, processes=1),
        Consumer("idle", cores=0.0, cpu_percent=0, memory_bytes=None, processes=1),
        Consumer("unknown", cores=None, cpu_percent=None, memory_bytes=5000, processes=None),
    ]
    assert busiest_first(reversed(order)) == tuple(order)


def test_a_chart_has_its_points_at_equal_steps_and_breaks_where_nothing_was_measured() -> None:
    step = Window.HOUR.step.total_seconds()
    points = on_grid(
        {NOON.timestamp(): 4.0, NOON.timestamp() - step: float("nan"), NOON.timestamp() - 2 * step: 2.0},
        end=NOON,
        window=Window.HOUR,
    )
    assert len(points) == POINTS
    assert points[-3:] == (
        Point(NOON - timedelta(minutes=1), 2.0),
        Point(NOON - timedelta(seconds=30), None),
        Point(NOON, 4.0),
    )
    assert Line("cpu", points).known == (2.0, 4.0)
    assert points[0].at == NOON - Window.HOUR.length + Window.HOUR.step


def test_a_chart_ends_at_the_last_whole_half_minute() -> None:
    assert grid_end(NOON + timedelta(seconds=29.9)) == NOON
    assert grid_end(NOON + timedelta(seconds=30)) == NOON + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("state", "last_up", "last_down", "first_seen", "expected"),
    [
        (State.UP, NOON, NOON - timedelta(hours=2), NOON - timedelta(days=1), (NOON - timedelta(hours=2), False)),
        (State.UP, NOON, None, NOON - timedelta(days=1), (NOON - timedelta(days=1), True)),
        (State.DOWN, NOON - timedelta(minutes=5), NOON, NOON - timedelta(days=1), (NOON - timedelta(minutes=5), False)),
        (State.DOWN, None, NOON, NOON - timedelta(minutes=1), (NOON - timedelta(minutes=1), True)),
        (State.UP, None, None, None, (None, False)),
        (
            State.UNKNOWN,
            NOON - timedelta(minutes=3),
            NOON - timedelta(hours=1),
            None,
            (NOON - timedelta(minutes=3), False),
        ),
        (State.UNKNOWN, None, None, NOON, (None, False)),
    ],
    ids=[
        "up since it was last down",
        "up since measuring began, perhaps longer",
        "down since it was last up",
        "down since measuring began, perhaps longer",
        "up, nothing remembered",
        "unknown since it was last known",
        "never known",
    ],
)
def test_since(
    state: State,
    last_up: datetime | None,
    last_down: datetime | None,
    first_seen: datetime | None,
    expected: tuple[datetime | None, bool],
) -> None:
    assert stretch(state, last_up=last_up, last_down=last_down, first_seen=first_seen) == expected


def test_an_alert_speaks_the_readers_language_and_falls_back_to_english_and_to_its_name() -> None:
    def alert(**annotations: str) -> FiringAlert:
        return FiringAlert("Full", Severity.WARNING, {}, annotations, NOON, 1.0)

    both = alert(summary="Disk", summary_es="Disco", description="Full.", description_es="Lleno.")
    assert (both.summary("es"), both.summary("en"), both.description("es")) == ("Disco", "Disk", "Lleno.")
    assert alert(summary="Disk").summary("es") == "Disk"
    assert (alert().summary("es"), alert().description("es")) == ("Full", "")
