"""What an alert is, and how many reports of it become one history, in whatever order they arrive.

Alertmanager tells of an alert by its fingerprint (a hash of its labels) and the time since which it fires. The same
report may come twice, late, or after a later one; a restart of Prometheus gives a firing alert a new start without
ending it. So nothing here depends on the order of arrival:

- reports of one fingerprint with one start are merged by taking the latest of each time, which is the same whatever
  comes first and however often;
- the merged reports of a fingerprint, sorted by their start, are cut into spans: a report goes on with the span
  before it unless that span was over by then. A span is what people call an alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

HEARTBEAT = "none"
"""The severity that the Watchdog's rule gives: no trouble, a sign of life."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that was told of one fingerprint and one start, merged.

    `firing_seen_at` is the latest moment at which the alert is known to have fired (at least its start); `ended_at`
    the latest end that was told. The alert is over when no firing was seen after that end.
    """

    fingerprint: str
    starts_at: datetime
    firing_seen_at: datetime
    ended_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the last word is that it has ended."""
        return self.ended_at is not None and self.ended_at >= self.firing_seen_at

    def merged_with(self, other: Report) -> Report:
        """Both reports' knowledge in one. Raises ValueError for reports of different alerts."""
        if (self.fingerprint, self.starts_at) != (other.fingerprint, other.starts_at):
            raise ValueError(f"{self} and {other} are not about the same alert")
        ends = [end for end in (self.ended_at, other.ended_at) if end is not None]
        return replace(
            self,
            firing_seen_at=max(self.firing_seen_at, other.firing_seen_at),
            ended_at=max(ends, default=None),
        )


def firing(fingerprint: str, starts_at: datetime, *, seen_at: datetime | None = None) -> Report:
    """The report that an alert fires since `starts_at`; `seen_at` when it is known to have fired later still."""
    return Report(fingerprint, starts_at, max(starts_at, seen_at or starts_at))


def ended(fingerprint: str, starts_at: datetime, ended_at: datetime) -> Report:
    """The report that the alert which fired since `starts_at` was over at `ended_at` (never before its start)."""
    return Report(fingerprint, starts_at, starts_at, max(starts_at, ended_at))


def merge(reports: Iterable[Report]) -> dict[tuple[str, datetime], Report]:
    """The reports by fingerprint and start, each pair once."""
    merged: dict[tuple[str, datetime], Report] = {}
    for report in reports:
        key = (report.fingerprint, report.starts_at)
        merged[key] = merged[key].merged_with(report) if key in merged else report
    return merged


@dataclass(frozen=True, slots=True)
class Span:
    """One alert of one fingerprint: from its first start to its end, None while it fires.

    `starts` are the starts under which it was reported, the first being `began_at`.
    """

    fingerprint: str
    starts: tuple[datetime, ...]
    ended_at: datetime | None

    @property
    def began_at(self) -> datetime:
        """When the alert began to fire."""
        return self.starts[0]

    @property
    def starts_at(self) -> datetime:
        """The start under which it was reported last."""
        return self.starts[-1]


def spans(reports: Sequence[Report]) -> tuple[Span, ...]:
    """Cut the merged reports of one fingerprint into alerts, oldest first.

    An alert that was not told to be over goes on under the next start: Prometheus was restarted in between.
    """
    cut: list[Span] = []
    for report in sorted(reports, key=lambda report: report.starts_at):
        last = cut[-1] if cut else None
        if last is None or (last.ended_at is not None and last.ended_at < report.starts_at):
            cut.append(Span(report.fingerprint, (report.starts_at,), report.ended_at if report.is_over else None))
            continue
        cut[-1] = Span(last.fingerprint, (*last.starts, report.starts_at), _end_of_both(last, report))
    return tuple(cut)


def _end_of_both(span: Span, report: Report) -> datetime | None:
    if not report.is_over or report.ended_at is None:
        return None
    return max(span.ended_at, report.ended_at) if span.ended_at is not None else report.ended_at


@dataclass(frozen=True, slots=True)
class Details:
    """What an alert says about itself; the labels belong to the fingerprint, the rest may change while it fires."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The alert rule's name; empty when whoever raised it gave none."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """The label `severity` as it was given; empty where there is none."""
        return self.labels.get("severity", "")

    @property
    def instance(self) -> str:
        """The label `instance`; empty where there is none."""
        return self.labels.get("instance", "")


@dataclass(frozen=True, slots=True)
class Told:
    """A report together with what the alert said about itself in it.

    `group_key` is that of the Alertmanager group which it came in; empty where it was not told. `foreign`: it was not
    this system's own Alertmanager that told it. `left_out`: how many more alerts of the group the delivery left out.
    """

    report: Report
    details: Details
    group_key: str = ""
    foreign: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as the desk has stored it. `ended_at` is None while it fires.

    `suppressed` says that Alertmanager listed it as silenced or inhibited when it was last asked. `ended_by` is
    `told` when its end was reported, `absence` when it had silently gone from both Alertmanager and Prometheus.
    """

    id: int
    fingerprint: str
    details: Details
    began_at: datetime
    starts_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    suppressed: bool
    missed_polls: int
    missing_since: datetime | None
    updated_at: datetime
    incident_id: int | None = None
    foreign: bool = False

    @property
    def is_firing(self) -> bool:
        """Whether it still fires, silenced or not."""
        return self.ended_at is None

    @property
    def is_heartbeat(self) -> bool:
        """Whether it is meant to fire always (the Watchdog): its absence would be the news."""
        return self.details.severity == HEARTBEAT

    def summary(self, language: str) -> str:
        """The alert's sentence in `language`; English where there is no other, its name where there is none."""
        return annotation(self.details.annotations, "summary", language) or self.details.name

    def description(self, language: str) -> str:
        """What it means in `language`; English where there is no other, empty where there is none."""
        return annotation(self.details.annotations, "description", language)


def annotation(annotations: Mapping[str, str], key: str, language: str) -> str:
    """The annotation `key` in `language` (`summary_es`), else as it is (`summary`), else empty."""
    return annotations.get(f"{key}_{language}") or annotations.get(key, "")
