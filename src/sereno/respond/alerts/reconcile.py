"""Comparing the desk's open alerts with what Alertmanager and Prometheus say themselves. Pure.

Deliveries can be missed: the desk was down for longer than Alertmanager tries, a group was truncated, an alert ended
while Alertmanager was being restarted (after which its own list is empty for a while). So absence is believed only
slowly: three looks in a row, at an Alertmanager that has been up for five minutes, with Prometheus answering and not
counting the alert as firing either. Presence is believed at once. A silenced or inhibited alert goes on firing, and
is no reason to open one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sereno.respond.alerts.model import Alert, Details, Report, Told, firing

POLLS_UNTIL_GONE = 3
SETTLING = timedelta(minutes=5)
"""How long Alertmanager's list may be incomplete after its start: Prometheus repeats firing alerts within a minute or
so, rules with a long interval later."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert in Alertmanager's own list; `updated_at` is when it last heard that the alert fires."""

    fingerprint: str
    starts_at: datetime
    updated_at: datetime
    is_active: bool
    """False: silenced, inhibited, or not yet looked at by Alertmanager itself."""
    details: Details


@dataclass(frozen=True, slots=True)
class Picture:
    """What the neighbours said at `at`. A neighbour that did not answer is None, which is not an empty list."""

    at: datetime
    listed: tuple[Listed, ...] | None
    alertmanager_since: datetime | None
    raised: tuple[Mapping[str, str], ...] | None
    """The labels of every alert that Prometheus counts as firing."""

    @property
    def can_tell_absence(self) -> bool:
        """Whether what is not in the lists can be believed not to fire."""
        return (
            self.listed is not None
            and self.raised is not None
            and self.alertmanager_since is not None
            and self.at - self.alertmanager_since >= SETTLING
        )


@dataclass(frozen=True, slots=True)
class Poll:
    """What to remember of an open alert until the next look."""

    id: int
    missed_polls: int
    missing_since: datetime | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a look: reports to record, notes to keep, and the reports by which vanished alerts end."""

    told: tuple[Told, ...]
    polls: tuple[Poll, ...]
    gone: tuple[Told, ...]


def judge(open_alerts: Sequence[Alert], picture: Picture) -> Verdict:
    """Compare the desk's open alerts with the picture; see the module's text for the rules."""
    if picture.listed is None:
        return Verdict((), tuple(_note(alert, missed=0, since=None) for alert in open_alerts if alert.missed_polls), ())
    listed = {each.fingerprint: each for each in picture.listed}
    polls: list[Poll] = []
    gone: list[Told] = []
    for alert in open_alerts:
        poll = _look(alert, listed.get(alert.fingerprint), picture)
        if poll.missed_polls >= POLLS_UNTIL_GONE and poll.missing_since is not None:
            gone.append(Told(_end(alert, poll.missing_since), alert.details))
        elif (poll.missed_polls, poll.suppressed) != (alert.missed_polls, alert.suppressed):
            polls.append(poll)
    return Verdict(tuple(_news(open_alerts, picture)), tuple(polls), tuple(gone))


def _news(open_alerts: Iterable[Alert], picture: Picture) -> Iterable[Told]:
    """What Alertmanager lists and the desk does not have, or has under another start."""
    starts = {alert.fingerprint: alert.starts_at for alert in open_alerts}
    for each in picture.listed or ():
        known_start = starts.get(each.fingerprint)
        if known_start == each.starts_at or (known_start is None and not each.is_active):
            continue
        seen_at = min(each.updated_at, picture.at)
        yield Told(firing(each.fingerprint, each.starts_at, seen_at=seen_at), each.details)


def _look(alert: Alert, listed: Listed | None, picture: Picture) -> Poll:
    if listed is not None:
        return _note(alert, missed=0, since=None, suppressed=not listed.is_active)
    if not picture.can_tell_absence or _is_raised(alert, picture.raised or ()):
        return _note(alert, missed=0, since=None)
    return _note(alert, missed=alert.missed_polls + 1, since=alert.missing_since or picture.at)


def _is_raised(alert: Alert, raised: Iterable[Mapping[str, str]]) -> bool:
    """Whether Prometheus counts the alert as firing; Alertmanager's labels have Prometheus's external ones besides."""
    labels = alert.details.labels
    return any(all(labels.get(name) == value for name, value in each.items()) for each in raised)


def _note(alert: Alert, *, missed: int, since: datetime | None, suppressed: bool | None = None) -> Poll:
    return Poll(alert.id, missed, since, alert.suppressed if suppressed is None else suppressed)


def _end(alert: Alert, ended_at: datetime) -> Report:
    return Report(alert.fingerprint, alert.starts_at, alert.starts_at, max(alert.starts_at, ended_at))
