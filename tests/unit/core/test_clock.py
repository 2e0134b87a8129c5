from datetime import UTC, datetime, timedelta, timezone

import pytest

from sereno.core.clock import parse_rfc3339, rfc3339, utc_now


def test_now_is_aware_and_in_utc() -> None:
    assert utc_now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24T10:00:00.123456789Z", datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-24T10:00:00.5Z", datetime(2026, 11, 24, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2026-11-24T10:00:00.123456789-05:00", datetime(2026, 11, 24, 15, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_reads_times_as_go_programs_write_them(text: str, expected: datetime) -> None:
    assert parse_rfc3339(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-24T10:00:00"])
def test_refuses_what_is_no_time_or_has_no_zone(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)


def test_writes_utc_with_a_z_whatever_the_zone() -> None:
    bogota = timezone(timedelta(hours=-5))
    assert rfc3339(datetime(2026, 11, 24, 10, tzinfo=bogota)) == "2026-11-24T15:00:00Z"


def test_refuses_to_write_a_naive_time() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        rfc3339(datetime(2026, 11, 24))  # noqa: DTZ001 -- that is the point
