"""What has to be written so that the stored alerts are those that all the reports together tell of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sereno.respond.alerts.model import Details, Report, Span, Told, merge, spans


@dataclass(frozen=True, slots=True)
class Stored:
    """An alert that is in the database already."""

    id: int
    fingerprint: str
    began_at: datetime
    starts_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    suppressed: bool
    annotations: Mapping[str, str]
    generator_url: str
    incident_id: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows to write: merged reports, new alerts, changed alerts (with their `id`), and alerts to remove."""

    reports: tuple[Report, ...]
    new: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]
    removed: tuple[int, ...]
    refired: bool
    """Whether a report says "firing" under a start that is known to be over: only Alertmanager's list can tell whether
    it is late news or fires anew (an alert that timed out while Prometheus was away comes back with its old start)."""


def make_plan(told: Sequence[Told], known: Iterable[Report], stored: Iterable[Stored], now: datetime) -> Plan:
    """Join what is `told` to what is `known` and cut it into alerts.

    `known` and `stored` must hold, per fingerprint, everything from the first alert that may change onwards.
    """
    before = merge(known)
    after = merge([*before.values(), *(each.report for each in told)])
    by_fingerprint: dict[str, list[Report]] = {}
    for report in after.values():
        by_fingerprint.setdefault(report.fingerprint, []).append(report)
    rows_by_fingerprint: dict[str, list[Stored]] = {}
    for each in stored:
        rows_by_fingerprint.setdefault(each.fingerprint, []).append(each)

    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    removed: list[int] = []
    newest = _newest(told)
    for fingerprint, reports in by_fingerprint.items():
        rows = {row.began_at: row for row in rows_by_fingerprint.get(fingerprint, ())}
        for span in spans(reports):
            row = next((rows.pop(start) for start in span.starts if start in rows), None)
            values = _values(span, newest.get((fingerprint, span.starts_at)), row, now)
            if row is None:
                new.append({**values, "missed_polls": 0, "missing_since": None})
            elif _differs(values, row):
                changed.append({"id": row.id, **values, "missed_polls": 0, "missing_since": None})
        removed += [row.id for row in rows.values()]
    return Plan(
        reports=tuple(report for key, report in after.items() if before.get(key) != report),
        new=tuple(new),
        changed=tuple(changed),
        removed=tuple(removed),
        refired=any(
            each.report.ended_at is None and after[(each.report.fingerprint, each.report.starts_at)].is_over
            for each in told
        ),
    )


def _newest(told: Iterable[Told]) -> dict[tuple[str, datetime], Told]:
    """The last word per fingerprint and start; an end within the same delivery outweighs a beginning."""
    newest: dict[tuple[str, datetime], Told] = {}
    for each in told:
        key = (each.report.fingerprint, each.report.starts_at)
        if key not in newest or each.report.ended_at is not None or newest[key].report.ended_at is None:
            newest[key] = each
    return newest


def _values(span: Span, told: Told | None, row: Stored | None, now: datetime) -> dict[str, Any]:
    """The columns of the alert that `span` is, with what it said last about itself."""
    kept = Details({}, row.annotations, row.generator_url) if row else Details({}, {})
    details = told.details if told else kept
    was_told = told is not None and told.report.ended_at is not None
    ended_by = None
    if span.ended_at is not None:
        ended_by = "told" if was_told or row is None or row.ended_by is None else row.ended_by
    return {
        "fingerprint": span.fingerprint,
        "began_at": span.began_at,
        "starts_at": span.starts_at,
        "ended_at": span.ended_at,
        "ended_by": ended_by,
        "suppressed": row is not None and row.suppressed and span.ended_at is None,
        "annotations": dict(details.annotations),
        "generator_url": details.generator_url,
        "updated_at": now,
    }


def _differs(values: Mapping[str, Any], row: Stored) -> bool:
    """Whether there is anything to write; `updated_at` alone is not a change."""
    return any(values[name] != getattr(row, name) for name in values if name != "updated_at")
