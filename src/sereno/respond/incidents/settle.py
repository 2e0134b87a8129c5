"""What happens to incidents by the clock: they resolve after the hold-down, and let go of their group after the window.

When an incident resolves its sums are made anew from its alerts, so that they do not depend on the order in which those
were heard of; and again whenever there is late news of one that has resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from sereno.core.clock import rfc3339
from sereno.respond.alerts.tables import AlertRow
from sereno.respond.incidents.cutting import alerts_with_severity, keep_first_part
from sereno.respond.incidents.families import event_values
from sereno.respond.incidents.grouping import Rules, Stretch, is_flapping
from sereno.respond.incidents.model import BY_ALERTS, Kind, State, highest
from sereno.respond.incidents.tables import ComponentRow, EventRow, IncidentRow

AT_ONCE = 200
"""So many are looked at in one run; the next one is seconds away."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What follows from an incident's alerts. `resolved_at` is None while one of them fires."""

    opened_at: datetime
    resolved_at: datetime | None
    severity: str
    flapping: bool


def sums(alerts: Sequence[tuple[Stretch, str]], rules: Rules) -> Sums:
    """The sums over alerts (when each lasted, and its severity). Raises ValueError for none."""
    stretches = [stretch for stretch, _severity in alerts]
    ends = [stretch.ended_at for stretch in stretches]
    return Sums(
        opened_at=min(stretch.began_at for stretch in stretches),
        resolved_at=None if None in ends else max(end for end in ends if end is not None),
        severity=highest(severity for _stretch, severity in alerts),
        flapping=is_flapping(stretches, rules.hold_down),
    )


def ending(rules: Rules, now: datetime) -> Select[int]:
    """The statement that finds the incidents whose alerts have all been over for the hold-down."""
    still = exists().where(
        AlertRow.incident_id == IncidentRow.id,
        or_(AlertRow.ended_at.is_(None), AlertRow.ended_at > now - rules.hold_down),
    )
    return (
        select(IncidentRow.id)
        .where(
            IncidentRow.state.in_([State.OPEN.value, State.ACKNOWLEDGED.value]),
            IncidentRow.by_hand.is_(False),
            ~still,
            exists().where(AlertRow.incident_id == IncidentRow.id),
        )
        .limit(AT_ONCE)
    )


def due(session: Session, rules: Rules, now: datetime) -> list[int]:
    """The incidents that may resolve now, and those whose sums have to be made again."""
    with_news = select(IncidentRow.id).where(IncidentRow.news == true()).limit(AT_ONCE)
    return sorted({*session.scalars(ending(rules, now)), *session.scalars(with_news)})


def settle_one(session: Session, incident_id: int, rules: Rules, now: datetime) -> bool:
    """Make the incident's sums, and resolve it if all its alerts are over; answers whether it resolved now."""
    row = session.scalar(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update())
    if row is None or row.merged_into is not None:
        return False
    row.news = False
    alerts = alerts_with_severity(session, incident_id)
    if not alerts:
        return False
    alerts = keep_first_part(session, row, alerts, rules, now)
    found = sums([(each.lasted, each.severity) for each in alerts], rules)
    state = State(row.state)
    if state is State.RESOLVED:
        if row.resolved_by is None and found.resolved_at is not None:
            row.resolved_at = found.resolved_at
        _keep(session, row, found)
        return False
    if row.by_hand or found.resolved_at is None or found.resolved_at + rules.hold_down > now:
        if row.opened_at < found.opened_at:
            _keep(session, row, found)
        return False
    row.state = State.RESOLVED.value
    row.resolved_at = found.resolved_at
    row.resolved_by = None
    _keep(session, row, found)
    details = {"resolved_at": rfc3339(found.resolved_at)}
    session.execute(
        insert(EventRow), [event_values(incident_id, Kind.RESOLVED, at=now, actor=BY_ALERTS, details=details)]
    )
    return True


def _keep(session: Session, row: IncidentRow, found: Sums) -> None:
    row.severity = found.severity
    row.flapping = found.flapping
    if row.opened_at != found.opened_at:
        row.opened_at = found.opened_at
        session.execute(
            update(ComponentRow).where(ComponentRow.incident_id == row.id).values(opened_at=found.opened_at)
        )


def latest_end(session: Session, incident_id: int) -> datetime | None:
    """The latest end of an incident's alerts; None while one fires, and where there are none."""
    ends = session.scalars(
        select(AlertRow.ended_at).where(AlertRow.incident_id == incident_id).order_by(AlertRow.ended_at).limit(1)
    ).all()
    if not ends or ends[0] is None:
        return None
    return session.scalar(select(func.max(AlertRow.ended_at)).where(AlertRow.incident_id == incident_id))


def let_go(session: Session, rules: Rules, now: datetime) -> None:
    """Let resolved incidents go whose reopen window is over: what fires now in their group is a new one."""
    session.execute(
        update(IncidentRow)
        .where(IncidentRow.slot.is_not(None), IncidentRow.resolved_at < now - rules.reopen_window)
        .values(slot=None)
    )
