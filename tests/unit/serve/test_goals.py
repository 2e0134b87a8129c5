import pytest

from sereno.serve.goals import idle_goal_mb, memory_line
from sereno.serve.platforms import ComponentStatus


@pytest.mark.parametrize(
    ("platform", "profile", "grafana", "goal"),
    [
        ("native", "small", False, 380),
        ("native", "standard", True, 560),
        ("compose", "standard", True, 800),
        ("compose", "small", False, 460),
    ],
)
def test_the_goal_depends_on_platform_profile_and_grafana(
    platform: str, profile: str, grafana: bool, goal: int
) -> None:
    assert idle_goal_mb(platform, profile, grafana=grafana) == goal


def test_the_sum_stands_beside_the_goal() -> None:
    rows = [
        ComponentStatus("mysql", "healthy", memory_bytes=60_000_000),
        ComponentStatus("webapp", "healthy", memory_bytes=120_400_000),
        ComponentStatus("grafana", "absent"),
        ComponentStatus("worker", "stopped"),
    ]
    assert memory_line(rows, "native", "small") == (
        "memory: 180 MB in all; the goal when idle is 380 MB (native, profile small, without Grafana)"
    )


def test_what_may_not_be_measured_is_named() -> None:
    rows = [ComponentStatus("mysql", "healthy", memory_bytes=60_000_000), ComponentStatus("nginx", "healthy")]
    assert "not counting nginx" in memory_line(rows, "native", "small")


def test_while_nothing_runs_there_is_no_sum() -> None:
    assert memory_line([ComponentStatus("mysql", "stopped")], "native", "small") == ""
