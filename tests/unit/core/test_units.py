from datetime import timedelta

import pytest

from sereno.core.units import format_bytes, format_span, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15s", timedelta(seconds=15)),
        ("500ms", timedelta(milliseconds=500)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("35d", timedelta(days=35)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_reads_durations_as_prometheus_writes_them(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "15", "s", "15 s", "-1m", "1m?", "1y2"])
def test_refuses_other_durations_and_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="number and a unit"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (512 * 2**20, "512 MiB"),
        (2**31, "2.0 GiB"),
        (3 * 2**40, "3.0 TiB"),
    ],
)
def test_writes_bytes_for_people(count: int, expected: str) -> None:
    assert format_bytes(count) == expected


@pytest.mark.parametrize(
    ("seconds", "parts", "text"),
    [
        (0, 2, "0 s"),
        (-5, 2, "0 s"),
        (59.9, 2, "59 s"),
        (125, 2, "2 min 5 s"),
        (3600, 2, "1 h"),
        (3605, 2, "1 h"),
        (3605, 3, "1 h 5 s"),
        (3725, 3, "1 h 2 min 5 s"),
        (3 * 86400 + 4 * 3600 + 59, 2, "3 d 4 h"),
    ],
)
def test_a_span_is_written_in_its_largest_units(seconds: float, parts: int, text: str) -> None:
    assert format_span(timedelta(seconds=seconds), parts=parts) == text
