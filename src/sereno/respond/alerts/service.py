"""What the desk does with alerts: takes deliveries, lists, and finds out what deliveries did not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import NotFound, Unavailable
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.respond.alerts import store
from sereno.respond.alerts.delivery import Delivery
from sereno.respond.alerts.model import Alert, Details, Told, merge
from sereno.respond.alerts.plan import Plan, Stored, make_plan
from sereno.respond.alerts.reconcile import Listed, Picture, Verdict, judge
from sereno.respond.alerts.store import Wanted
from sereno.respond.incidents.grouping import Rules, Stretch
from sereno.respond.incidents.intake import News, place
from sereno.respond.ports import Alertmanager
from sereno.watch.ports import Prometheus


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a delivery. `needs_a_look`: only Alertmanager's own list can tell the rest (alerts were left
    out, or one fires again under a start that was over)."""

    alerts: int
    opened: int
    ended: int
    needs_a_look: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next` is what to ask for to see older ones, None at the end."""

    alerts: tuple[Alert, ...]
    next: tuple[datetime, int] | None


class Alerts:
    """The desk's alerts. Every method is one transaction of its own and raises Unavailable without a database."""

    def __init__(self, database: Database, *, clock: Clock = utc_now, rules: Rules | None = None) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules or Rules()

    def receive(self, delivery: Delivery) -> Intake:
        """Store a delivery: all of it or nothing, and the same delivery twice changes nothing."""
        if not delivery.told:
            return Intake(0, 0, 0, needs_a_look=delivery.truncated > 0)
        intake = in_one_transaction(
            self._database, lambda session: record(session, delivery.told, delivery.received_at, self._rules)
        )
        return replace(intake, needs_a_look=intake.needs_a_look or delivery.truncated > 0)

    def firing(self) -> tuple[Alert, ...]:
        """Everything that fires, silenced ones and the Watchdog included, newest first."""
        with self._database.unit_of_work() as session:
            return tuple(store.open_alerts(session))

    def page(self, wanted: Wanted) -> Page:
        """The alerts that are `wanted`, newest first, with where the next page begins."""
        with self._database.unit_of_work() as session:
            found = store.list_alerts(session, replace(wanted, limit=wanted.limit + 1))
        shown = tuple(found[: wanted.limit])
        more = len(found) > wanted.limit
        return Page(shown, (shown[-1].began_at, shown[-1].id) if more else None)

    def get(self, id: int) -> Alert:
        """One alert. Raises NotFound."""
        with self._database.unit_of_work() as session:
            alert = store.alert_by_id(session, id)
        if alert is None:
            raise NotFound(f"there is no alert {id}", next_step="see the list at /alerts")
        return alert

    def names(self) -> list[str]:
        """Every alert name ever heard, for the filter."""
        with self._database.unit_of_work() as session:
            return store.names(session)

    def last_heard(self) -> datetime | None:
        """When Alertmanager last delivered; None when it never has."""
        with self._database.unit_of_work() as session:
            return store.last_heard(session)

    def reconcile(self, alertmanager: Alertmanager, prometheus: Prometheus) -> Verdict:
        """Look at what Alertmanager and Prometheus list themselves and mend what deliveries missed."""
        picture = take_picture(alertmanager, prometheus, self._clock())
        verdict = judge([each for each in self.firing() if not each.foreign], picture)
        in_one_transaction(self._database, lambda session: _apply(session, verdict, picture.at, self._rules))
        return verdict

    def look(self, alertmanager: Alertmanager) -> int:
        """Take over at once what Alertmanager lists and the desk lacks; answers how many. Says nothing of absence."""
        listed = tuple(_listed(alertmanager))
        now = self._clock()
        verdict = judge(self.firing(), Picture(at=now, listed=listed, alertmanager_since=None, raised=None))
        if verdict.told:
            in_one_transaction(self._database, lambda session: record(session, verdict.told, now, self._rules))
        return len(verdict.told)


def record(session: Session, told: Sequence[Told], now: datetime, rules: Rules) -> Intake:
    """Store what was told, and what it means to incidents, within the caller's transaction.

    The order of arrival does not matter; see `model` and `sereno.respond.incidents.grouping`. Raises Again.
    """
    all_new = store.lock_series(session, told, now)
    return _record_locked(session, told, now, rules, all_new=all_new)


def _record_locked(
    session: Session, told: Sequence[Told], now: datetime, rules: Rules, *, all_new: bool = False
) -> Intake:
    reports = tuple(merge(each.report for each in told).values())
    stored = [] if all_new else store.alerts_touched_by(session, reports)
    # Where the past begins that may change, per fingerprint. What was told lies within an alert, so where none is
    # touched nothing was told before.
    begins: dict[str, datetime] = {}
    for fingerprint, start in (
        *((alert.fingerprint, alert.began_at) for alert in stored),
        *((report.fingerprint, report.starts_at) for report in reports),
    ):
        begins[fingerprint] = min(start, begins.get(fingerprint, start))
    told_before = store.reports_since(session, begins, min(begins.values())) if stored else []
    known = [report for report in told_before if report.starts_at >= begins[report.fingerprint]]
    plan = make_plan(_trimmed(told), known, stored, now)
    store.save_reports(session, plan.reports)
    store.delete_alerts(session, plan.removed)
    store.update_alerts(session, plan.changed)
    store.insert_alerts(session, _with_incidents(session, told, plan, stored, now, rules))
    return Intake(
        alerts=len(told),
        opened=sum(row["ended_at"] is None for row in plan.new),
        ended=sum(row["ended_at"] is not None for row in (*plan.new, *plan.changed)),
        needs_a_look=plan.refired,
    )


def _with_incidents(
    session: Session, told: Sequence[Told], plan: Plan, stored: Sequence[Stored], now: datetime, rules: Rules
) -> list[dict[str, Any]]:
    """The new alerts, each with the number of its incident; what the plan means to others is written."""
    said = {each.report.fingerprint: each for each in told}
    before = {each.id: each for each in stored}
    news = [_news(row, said[row["fingerprint"]], before.get(row.get("id", 0))) for row in (*plan.changed, *plan.new)]
    lost = [(row.incident_id, row.fingerprint) for row in map(before.__getitem__, plan.removed) if row.incident_id]
    incidents = place(session, rules, news, lost, now)
    return [
        {
            **row,
            "incident_id": incidents[row["fingerprint"]].pop(0),
            "foreign_sender": said[row["fingerprint"]].foreign,
        }
        for row in plan.new
    ]


def _news(row: Mapping[str, Any], told: Told, before: Stored | None) -> News:
    return News(
        fingerprint=row["fingerprint"],
        lasted=Stretch(row["began_at"], row["ended_at"]),
        details=told.details,
        group_key=told.group_key,
        left_out=told.left_out,
        before=Stretch(before.began_at, before.ended_at) if before else None,
        incident_id=before.incident_id if before else None,
    )


def take_picture(alertmanager: Alertmanager, prometheus: Prometheus, now: datetime) -> Picture:
    """Ask both neighbours; one that does not answer leaves a gap, never an error."""
    try:
        listed: tuple[Listed, ...] | None = tuple(_listed(alertmanager))
        since: datetime | None = alertmanager.started_at()
    except Unavailable:
        listed = since = None
    try:
        raised = tuple(alert.labels for alert in prometheus.alerts() if alert.state == "firing")
    except Unavailable:
        return Picture(at=now, listed=listed, alertmanager_since=since, raised=None)
    return Picture(at=now, listed=listed, alertmanager_since=since, raised=raised)


def _apply(session: Session, verdict: Verdict, now: datetime, rules: Rules) -> None:
    if verdict.told:
        record(session, verdict.told, now, rules)
    if verdict.gone:
        store.lock_existing(session, (each.report.fingerprint for each in verdict.gone))
        _record_locked(session, verdict.gone, now, rules)
        store.note_absence(session, [(each.report.fingerprint, each.report.starts_at) for each in verdict.gone])
    for poll in verdict.polls:
        store.note_poll(session, poll)


def _listed(alertmanager: Alertmanager) -> list[Listed]:
    return [
        Listed(
            fingerprint=each.fingerprint,
            starts_at=each.starts_at,
            updated_at=each.updated_at,
            is_active=each.state == "active",
            details=Details(each.labels, each.annotations, each.generator_url),
        )
        for each in alertmanager.alerts()
    ]


def _trimmed(told: Sequence[Told]) -> list[Told]:
    """The same with addresses cut to what the column holds, so that they compare equal to what was stored."""
    return [
        replace(each, details=replace(each.details, generator_url=each.details.generator_url[: store.URL_LENGTH]))
        for each in told
    ]
