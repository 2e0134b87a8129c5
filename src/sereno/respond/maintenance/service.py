"""What can be done with scheduled maintenance; each change is told to the audit trail in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from sereno.core.clock import Clock, utc_now
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard.model import Actor
from sereno.respond.maintenance import store
from sereno.respond.maintenance.model import (
    Maintenance,
    MaintenanceOver,
    NoSuchMaintenance,
    Phase,
    Wanted,
    checked,
    told,
)
from sereno.respond.maintenance.tables import MaintenanceRow

FAR = timedelta(days=3660)
"""Nothing is planned further ahead."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next` is the number below which older ones begin, None at the end."""

    items: tuple[Maintenance, ...]
    next: int | None


class Calendar:
    """Scheduled maintenance. Every method is one transaction and raises Unavailable without a database.

    `known` answers which names components may have now.
    """

    def __init__(self, database: Database, known: Callable[[], Collection[str]], *, clock: Clock = utc_now) -> None:
        self._database = database
        self._known = known
        self._clock = clock

    def ahead(self, *, since: timedelta = timedelta(0)) -> tuple[Maintenance, ...]:
        """What runs or is to come, the earliest first; with `since` also what was over that recently."""
        now = self._clock()
        with self._database.unit_of_work() as session:
            return tuple(store.between(session, now - since, now + FAR))

    def between(self, begin: datetime, end: datetime) -> tuple[Maintenance, ...]:
        """What was or is planned to touch that time, the earliest first."""
        with self._database.unit_of_work() as session:
            return tuple(store.between(session, begin, end))

    def page(self, *, before_id: int | None = None, limit: int = 50) -> Page:
        """All there ever was, the last made first."""
        with self._database.unit_of_work() as session:
            found = store.newest(session, before_id=before_id, limit=limit + 1)
        shown = tuple(found[:limit])
        return Page(shown, shown[-1].id if len(found) > limit else None)

    def get(self, id: int) -> Maintenance:
        """One maintenance. Raises NoSuchMaintenance."""
        return in_one_transaction(self._database, lambda session: store.to_maintenance(_row(session, id)))

    def add(self, wanted: Wanted, *, actor: Actor) -> Maintenance:
        """Plan one. Raises MaintenanceRefused."""
        now, known = self._clock(), self._known()

        def work(session: Session) -> Maintenance:
            row = store.new_row(checked(wanted, known, now=now), by=actor.name, now=now)
            session.add(row)
            session.flush()
            added = store.to_maintenance(row)
            audit.record(session, actor, "maintenance.add", f"maintenance:{added.id}", now=now, new=told(added))
            return added

        return in_one_transaction(self._database, work)

    def change(self, id: int, wanted: Wanted, *, actor: Actor) -> Maintenance:
        """Give one that is not over other values. Raises NoSuchMaintenance, MaintenanceOver or MaintenanceRefused."""
        now, known = self._clock(), self._known()

        def edit(row: MaintenanceRow, before: Maintenance) -> None:
            store.fill(row, checked(wanted, known, now=now, before=before), now=now)

        return self._changed(id, "maintenance.change", edit, actor, now, (Phase.PLANNED, Phase.RUNNING))

    def end(self, id: int, *, actor: Actor) -> Maintenance:
        """End one that runs, now. Raises NoSuchMaintenance, or MaintenanceOver when it does not run."""
        now = self._clock()

        def edit(row: MaintenanceRow, _before: Maintenance) -> None:
            row.ended_at = row.updated_at = now

        return self._changed(id, "maintenance.end", edit, actor, now, (Phase.RUNNING,))

    def cancel(self, id: int, *, actor: Actor) -> Maintenance:
        """Cancel one that has not begun. Raises NoSuchMaintenance, or MaintenanceOver when it has."""
        now = self._clock()

        def edit(row: MaintenanceRow, _before: Maintenance) -> None:
            row.cancelled_at = row.updated_at = now

        return self._changed(id, "maintenance.cancel", edit, actor, now, (Phase.PLANNED,))

    def _changed(
        self,
        id: int,
        action: str,
        edit: Callable[[MaintenanceRow, Maintenance], None],
        actor: Actor,
        now: datetime,
        phases: tuple[Phase, ...],
    ) -> Maintenance:
        def work(session: Session) -> Maintenance:
            row = _row(session, id)
            before = store.to_maintenance(row)
            phase = before.phase(now)
            if phase not in phases:
                raise MaintenanceOver(f"maintenance {id} is {phase}", next_step=_WAY_OUT[phase])
            edit(row, before)
            session.flush()
            after = store.to_maintenance(row)
            old, new = told(before), told(after)
            changed = [name for name in old if old[name] != new[name]]
            audit.record(
                session,
                actor,
                action,
                f"maintenance:{id}",
                now=now,
                old={name: old[name] for name in changed},
                new={name: new[name] for name in changed},
            )
            return after

        return in_one_transaction(self._database, work)


_WAY_OUT = {
    Phase.PLANNED: "one that has not begun is cancelled, not ended",
    Phase.RUNNING: "one that runs is ended, not cancelled",
    Phase.ENDED: "plan another one",
    Phase.CANCELLED: "plan another one",
}


def _row(session: Session, id: int) -> MaintenanceRow:
    row = store.row_by_id(session, id)
    if row is None:
        raise NoSuchMaintenance(f"there is no maintenance {id}", next_step="./sereno maintenance list shows them")
    return row
