from datetime import UTC, datetime, timedelta

from sereno.cli.status import cells
from sereno.serve.platforms import ComponentStatus

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(**changes: object) -> ComponentStatus:
    return ComponentStatus(**{"name": "webapp", "health": "healthy", **changes})  # type: ignore[arg-type]


def test_a_component_over_its_limit_is_marked() -> None:
    told = cells(row(memory_bytes=300 * 1024**2, memory_limit_bytes=256 * 1024**2), NOW)
    assert told[4] == "300 MiB of 256 MiB (over)"


def test_when_and_how_a_component_last_ended_is_told() -> None:
    died = NOW - timedelta(minutes=3)
    assert cells(row(died_at=died, died_of="terminated by SIGKILL"), NOW)[-1] == (
        "ended unasked 3 min ago: terminated by SIGKILL"
    )
    unwell = cells(row(health="unhealthy", detail="no answer", died_at=died), NOW)
    assert unwell[-1] == "no answer; ended unasked 3 min ago"


def test_an_end_of_long_ago_is_told_only_of_who_is_not_well() -> None:
    died = NOW - timedelta(days=3)
    assert cells(row(died_at=died), NOW)[-1] == ""
    assert cells(row(health="unhealthy", died_at=died), NOW)[-1] == "ended unasked 3 d ago"
