"""What the doctor finds: values, and the judgements that need nothing but values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sereno.core.units import format_bytes


class Verdict(StrEnum):
    """Fine, worth knowing, or wrong."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, how it is, in words, and the fix (empty when it is fine)."""

    subject: str
    verdict: Verdict
    words: str
    fix: str = ""


LEAST_MEMORY = {"small": 900_000_000, "standard": 1_800_000_000}
"""Bytes. A machine sold as 1 GB or 2 GB shows a little less; see `docs/measurements.md` for what each profile takes."""

TOO_LITTLE_MEMORY = 700_000_000
"""Bytes of memory and swap together, below which servers are killed while they start."""

LEAST_DISK_BYTES = 1_000_000_000
NO_DISK_BYTES = 64_000_000
"""Less than this, and not even what is set up already can start: the database makes files of its own as it does."""
LOW_DISK_PERCENT = 15
MAKE_SPACE = (
    "make space: du -xhd 2 / | sort -h | tail shows what takes it; apt-get clean and journalctl --vacuum-size=100M "
    "often give some back"
)
CERTIFICATE_WARNING = timedelta(days=21)


def judge_memory(total: int, swap: int, profile: str) -> Finding:
    """Whether the machine has the memory that the profile asks for; sizes in bytes."""
    words = f"{format_bytes(total)} of memory, {format_bytes(swap)} of swap, profile {profile}"
    if total + swap < TOO_LITTLE_MEMORY:
        return Finding("memory", Verdict.WRONG, words, "too little to start everything: use a machine of 1 GB or more")
    if total < LEAST_MEMORY[profile]:
        smaller = ' ([limits] profile = "small")' if profile == "standard" else ""
        return Finding(
            "memory", Verdict.WARNING, words, f"less than the profile is made for: use a larger machine{smaller}"
        )
    if profile == "small" and swap < 512_000_000:
        return Finding(
            "memory",
            Verdict.WARNING,
            words,
            "add swap for the moments when memory is short: fallocate -l 1G /swapfile && chmod 600 /swapfile && "
            "mkswap /swapfile && swapon /swapfile",
        )
    return Finding("memory", Verdict.FINE, words)


def judge_disk(path: str, free: int, total: int) -> Finding:
    """Whether the file system that holds the home has space left; sizes in bytes."""
    percent = 100 * free / total
    words = f"{format_bytes(free)} free ({percent:.0f} %) where {path} lies"
    if free < LEAST_DISK_BYTES:
        return Finding("disk", Verdict.WRONG, words, f"nothing is stored on a full disk; {MAKE_SPACE}")
    if percent < LOW_DISK_PERCENT:
        return Finding("disk", Verdict.WARNING, words, f"before LowDiskSpace turns into a stop, {MAKE_SPACE}")
    return Finding("disk", Verdict.FINE, words)


def judge_clock(now: datetime, program_written: datetime, synchronised: bool | None) -> Finding:
    """Whether the clock can be right.

    `program_written` is when the newest file of the program was written: no right clock is before it. `synchronised`
    is what the kernel says of itself, None when it can't be asked.
    """
    if now < program_written - timedelta(minutes=5):
        return Finding(
            "clock",
            Verdict.WRONG,
            f"{now:%Y-%m-%d %H:%M} UTC is before this program was written",
            "set the clock: timedatectl set-ntp true (or date -s …)",
        )
    if synchronised is False:
        return Finding(
            "clock",
            Verdict.WARNING,
            f"{now:%Y-%m-%d %H:%M} UTC, not synchronised with a time server",
            "apt-get install systemd-timesyncd, or chrony",
        )
    return Finding("clock", Verdict.FINE, f"{now:%Y-%m-%d %H:%M} UTC")


def judge_certificate(
    *,
    served: str | None,
    on_disk: str,
    not_before: datetime,
    not_after: datetime,
    names: Iterable[str],
    wanted: Iterable[str],
    now: datetime,
) -> Finding:
    """Whether the certificate that Nginx serves is the one on the disk, in date, and for every configured name.

    `served` and `on_disk` are SHA-256 fingerprints; `served` is None when nothing is served now.
    """
    names, left = [name.lower() for name in names], not_after - now
    words = f"valid for {left.days} days more, for {', '.join(sorted(names))}"
    if served is not None and served != on_disk:
        return Finding(
            "certificate", Verdict.WRONG, "what is served is not what is on the disk", "./sereno restart nginx"
        )
    if left <= timedelta(0):
        return Finding("certificate", Verdict.WRONG, f"ended on {not_after:%Y-%m-%d}", "./sereno up makes a new one")
    missing = [each for each in wanted if each not in names and f"*.{each.partition('.')[2]}" not in names]
    if missing:
        return Finding(
            "certificate",
            Verdict.WRONG,
            words,
            f"it is not for {', '.join(missing)}: ./sereno up, or correct [site] domain and aliases",
        )
    if left < min(CERTIFICATE_WARNING, (not_after - not_before) / 4):
        return Finding("certificate", Verdict.WARNING, words, "./sereno certificate show tells when it is renewed")
    return Finding("certificate", Verdict.FINE, words)
