from datetime import UTC, datetime, timedelta

import pytest

from sereno.serve.findings import Verdict, judge_certificate, judge_clock, judge_disk, judge_memory

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GB = 1_000_000_000


@pytest.mark.parametrize(
    ("total", "swap", "profile", "verdict", "fix"),
    [
        (1.03 * GB, 1 * GB, "small", Verdict.FINE, ""),
        (1.03 * GB, 0, "small", Verdict.WARNING, "swapon"),
        (0.5 * GB, 1 * GB, "small", Verdict.WARNING, "larger machine"),
        (1.03 * GB, 1 * GB, "standard", Verdict.WARNING, 'profile = "small"'),
        (2.05 * GB, 0, "standard", Verdict.FINE, ""),
    ],
)
def test_memory_is_judged_by_the_profile(total: float, swap: float, profile: str, verdict: Verdict, fix: str) -> None:
    finding = judge_memory(int(total), int(swap), profile)
    assert finding.verdict is verdict
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(0.9 * GB, Verdict.WRONG), (14.9 * GB, Verdict.WARNING), (15 * GB, Verdict.FINE), (90 * GB, Verdict.FINE)],
)
def test_disk_is_judged_by_bytes_and_by_share(free: float, verdict: Verdict) -> None:
    assert judge_disk("/home", int(free), 100 * GB).verdict is verdict


@pytest.mark.parametrize(
    ("written", "synchronised", "verdict"),
    [
        (NOW - timedelta(days=3), True, Verdict.FINE),
        (NOW - timedelta(days=3), None, Verdict.FINE),
        (NOW - timedelta(days=3), False, Verdict.WARNING),
        (NOW + timedelta(days=1), True, Verdict.WRONG),
    ],
)
def test_a_clock_before_the_program_itself_is_wrong(
    written: datetime, synchronised: bool | None, verdict: Verdict
) -> None:
    assert judge_clock(NOW, written, synchronised).verdict is verdict


@pytest.mark.parametrize(
    ("served", "days", "wanted", "verdict"),
    [
        ("a", 60, [], Verdict.FINE),
        (None, 60, [], Verdict.FINE),
        ("b", 60, [], Verdict.WRONG),
        ("a", -1, [], Verdict.WRONG),
        ("a", 20, [], Verdict.WARNING),
        ("a", 60, ["localhost"], Verdict.FINE),
        ("a", 60, ["localhost", "status.example.org"], Verdict.WRONG),
        ("a", 60, ["shop.example.com"], Verdict.FINE),
    ],
)
def test_the_certificate_served_has_to_be_the_one_on_disk_in_date_and_for_every_name(
    served: str | None, days: int, wanted: list[str], verdict: Verdict
) -> None:
    finding = judge_certificate(
        served=served,
        on_disk="a",
        not_before=NOW - timedelta(days=90),
        not_after=NOW + timedelta(days=days),
        names=["localhost", "*.Example.com"],
        wanted=wanted,
        now=NOW,
    )
    assert finding.verdict is verdict
    assert bool(finding.fix) == (verdict is not Verdict.FINE)


@pytest.mark.parametrize(("lifetime", "left", "verdict"), [(6, 2, Verdict.FINE), (6, 1, Verdict.WARNING)])
def test_a_certificate_that_lives_for_days_is_warned_of_in_its_last_quarter(
    lifetime: int, left: int, verdict: Verdict
) -> None:
    ends = NOW + timedelta(days=left)
    begins = ends - timedelta(days=lifetime)
    finding = judge_certificate(
        served="a", on_disk="a", not_before=begins, not_after=ends, names=["a.test"], wanted=["a.test"], now=NOW
    )
    assert finding.verdict is verdict
