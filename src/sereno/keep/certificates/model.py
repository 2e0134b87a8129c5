"""When a certificate is to be renewed, and what is remembered of it. Values and pure functions only.

Lifetimes shrink (from 90 to 45 days and less), so nothing here counts days before an end: an authority that says when
(RFC 9773, "ARI") is followed, else two thirds of the lifetime are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["self-signed", "own", "acme"]
Why = Literal["first", "names", "authority-changed", "lifetime", "asked-by-authority", "retry", "by-hand", "none"]

SHORT_LIFETIME = timedelta(days=10)
FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(hours=12)
RETRY_FACTOR = 3
"""After 5, 15, 45 minutes and so on: three tries in the first hour. Let's Encrypt allows five failures in one."""

LEAST_ASKING = timedelta(hours=1)
MOST_ASKING = timedelta(hours=24)
USUAL_ASKING = timedelta(hours=6)
"""How often an authority is asked for its window: as it says, within these; RFC 9773 has six hours as an example."""

LEAST_BETWEEN = timedelta(hours=6)
"""Between two renewals that succeed (a quarter of the lifetime, where that is less)."""

KEPT_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Held:
    """The certificate that is to be served. `fingerprint` is SHA-256 in hex, `serial` the number in hex."""

    kind: Kind
    names: tuple[str, ...]
    issuer: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime

    @property
    def lifetime(self) -> timedelta:
        return self.not_after - self.not_before


@dataclass(frozen=True, slots=True)
class Window:
    """When the authority wants a certificate renewed (RFC 9773), and when to ask it again."""

    start: datetime
    end: datetime
    ask_again_at: datetime
    explanation: str = ""
    """An address that says why, where the authority gives one: it is going to revoke certificates, for one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to get a new certificate. `code` and `detail` say what went wrong; both are empty when it succeeded."""

    at: datetime
    why: Why
    succeeded: bool
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of this server's certificate: written after each look, read by pages and commands.

    `planned_at` is when the next try is due, None where nothing is renewed here. `chosen_at` is the moment that was
    drawn for the present certificate, so that each look draws the same. `directory` is where the present one is from,
    `directory_asked` the one that is to give the next.
    """

    made_at: datetime
    kind: Kind
    wanted: tuple[str, ...]
    held: Held | None
    planned_at: datetime | None
    why: Why
    directory: str = ""
    directory_asked: str = ""
    chosen_at: datetime | None = None
    window: Window | None = None
    failures: int = 0
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def last_attempt(self) -> Attempt | None:
        """The newest try, if there was any."""
        return self.attempts[0] if self.attempts else None


def covers(names: Iterable[str], name: str) -> bool:
    """Whether a certificate for `names` is taken for `name`, wildcards included."""
    parent = f"*.{name.partition('.')[2]}"
    return any(each.lower() in (name.lower(), parent.lower()) for each in names)


def missing_names(held: Held, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of the wanted names that the certificate is not for."""
    return tuple(name for name in wanted if not covers(held.names, name))


def moment_by_lifetime(held: Held, luck: float) -> datetime:
    """Two thirds of the lifetime (half of one below ten days), up to 2 % earlier, so that not everyone comes at once.

    `luck` is between 0 and 1. Let's Encrypt's own advice: https://letsencrypt.org/docs/integration-guide/
    """
    share = 1 / 2 if held.lifetime < SHORT_LIFETIME else 2 / 3
    return held.not_before + held.lifetime * (share - 0.02 * luck)


def moment_in_window(window: Window, luck: float) -> datetime:
    """A moment drawn evenly from the window, as RFC 9773, section 4.2, asks for."""
    return window.start + (window.end - window.start) * luck


def retry_at(now: datetime, failures: int, luck: float, not_before: datetime | None = None) -> datetime:
    """When to try again after so many failures in a row: longer each time, a fifth more or less, never too early.

    `not_before` is what an authority said that turned us away for coming too often.
    """
    pause = min(FIRST_RETRY * float(RETRY_FACTOR) ** min(failures - 1, 10), LAST_RETRY)
    moment = now + pause * (0.8 + 0.4 * luck)
    return max(moment, not_before) if not_before is not None else moment


def when_to_ask(now: datetime, retry_after_seconds: float | None) -> datetime:
    """When to ask the authority for its window again."""
    if retry_after_seconds is None:
        return now + USUAL_ASKING
    return now + min(max(timedelta(seconds=retry_after_seconds), LEAST_ASKING), MOST_ASKING)


def planned(report: Report, *, directory: str, now: datetime, luck: float) -> Report:
    """The report with the next try planned, by what it says of kind, names, certificate, window and failures.

    `directory` is the authority that is to give certificates. A try that failed is waited for in any case.
    """
    held = report.held
    if report.kind == "own" or (report.kind == "self-signed" and held is not None and held.kind != "self-signed"):
        return replace(report, planned_at=None, why="none")
    if report.failures and report.planned_at is not None and report.why == "retry":
        return report
    if held is None or (report.kind == "acme" and held.kind != "acme"):
        return replace(report, planned_at=now, why="first")
    if missing_names(held, report.wanted):
        return replace(report, planned_at=now, why="names")
    if report.kind == "acme" and report.directory and report.directory != directory:
        return replace(report, planned_at=now, why="authority-changed")
    chosen = report.chosen_at
    if report.window is not None:
        if chosen is None or not report.window.start <= chosen <= report.window.end:
            chosen = moment_in_window(report.window, luck)
        return replace(report, planned_at=_not_again(report, chosen), chosen_at=chosen, why="asked-by-authority")
    if chosen is None or not held.not_before < chosen < held.not_after:
        chosen = moment_by_lifetime(held, luck)
    return replace(report, planned_at=_not_again(report, chosen), chosen_at=chosen, why="lifetime")


def _not_again(report: Report, moment: datetime) -> datetime:
    """Not at once after a success, also when an authority's window of the new certificate lies in the past."""
    last, held = report.last_attempt, report.held
    if last is None or not last.succeeded or held is None:
        return moment
    return max(moment, last.at + min(LEAST_BETWEEN, held.lifetime / 4))


def attempted(report: Report, attempt: Attempt, *, retry: datetime | None) -> Report:
    """The report after a try: counted, and with the moment of the next one where it failed.

    `retry` is None where there is nothing to try again: the certificate is there, whether or not it is shown yet.
    """
    attempts = (attempt, *report.attempts)[:KEPT_ATTEMPTS]
    if attempt.succeeded or retry is None:
        return replace(report, attempts=attempts, failures=0, chosen_at=None, window=None, planned_at=None, why="none")
    return replace(report, attempts=attempts, failures=report.failures + 1, planned_at=retry, why="retry")


def is_due(report: Report, now: datetime) -> bool:
    """Whether the planned try has come."""
    return report.planned_at is not None and report.planned_at <= now
